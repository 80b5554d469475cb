// How many CPUs this process may use: what the number of Ps defaults to.

#ifndef RUNTIME_OS_CPU_COUNT_H_
#define RUNTIME_OS_CPU_COUNT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace heddle::os {

// The CPUs in the thread's affinity mask (of any size), or the cgroup's CPU
// quota if that is less; 1 at least. Reads files of /proc and /sys: for
// start-up, not for hot paths. Never fails: what cannot be read does not limit.
int NumCpu();

// The CPUs in the calling thread's affinity mask, 1 at least.
int AffinityCpus();

// The CPU quota of the process's cgroup and of all above it, the least of
// them, rounded up to whole CPUs, 1 at least; 0 if there is none. cgroup v2
// (cpu.max) and v1 (cpu.cfs_quota_us, cpu.cfs_period_us). `root` is the
// directory that stands for "/": "/proc/self/cgroup", "/proc/self/mountinfo"
// and the mount points are looked up under it.
int CgroupQuotaCpus(absl::string_view root);

}  // namespace heddle::os

#endif  // RUNTIME_OS_CPU_COUNT_H_
