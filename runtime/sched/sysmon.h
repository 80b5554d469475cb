// The monitor: an M without a P that looks, again and again, whether a P is
// held by somebody who does not need it (retake.h).
//
// It sleeps 20 us between looks; after 50 looks at which nothing was taken,
// twice as long each time, up to 10 ms, or until a goroutine begins a blocking
// call while others wait for its P. When every P has been idle for
// kDeepSleepNs it sleeps until one is taken off the idle list: an idle process
// is not woken a hundred times a second.
//
// It also ends the threads of Ms that have been idle for long (retire.h), keeps
// the coarse clock (Sched::coarse_now), and prints the lines of
// HEDDLE_DEBUG=schedtrace, every 10 ms at most; it never sleeps deeply then.
//
// Source: Go 1.21's sysmon. Differences: it starts with the first Run and not
// with the process, and ends with its runtime; going to the deep sleep takes a
// while of idleness, so that waking it does not cost each blocking call.

#ifndef RUNTIME_SCHED_SYSMON_H_
#define RUNTIME_SCHED_SYSMON_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

inline constexpr int64_t kDeepSleepNs = 100'000'000;

// Starts it, if it does not run yet.
void StartSysmon(Sched* sched);

// Ends its sleep, if it sleeps deeply; at once with `any_sleep`.
void WakeSysmon(Sched* sched, bool any_sleep)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Wakes it and has it look often again, if it sleeps for long: its caller does.
void HurrySysmonSlow(Sched* sched);

// A goroutine begins a blocking call on pp, the calling M's: what else pp has
// to run waits for sysmon. Go 1.21's may sleep for 10 ms at each, and calls of
// 1 to 9 ms then come one after the other.
inline void HurrySysmon(Sched* sched, const P* pp) {
  if (sched->sysmonwait == SysmonWait::kLong &&
      (!pp->QueuesEmpty() ||
       sched->runqsize.load(std::memory_order_relaxed) != 0)) {
    HurrySysmonSlow(sched);
  }
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SYSMON_H_
