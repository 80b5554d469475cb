// Stats: what a runtime has and does, in numbers.
//
// Those of one line are of the same moment; all are of the time of the call,
// and while goroutines run they may be a little apart.
//
// Source: the figures of Go 1.21's schedtrace, runtime.ReadMemStats (stacks)
// and runtime/metrics (/sched/…, /sync/mutex/wait/total).

#ifndef RUNTIME_SCHED_STATS_H_
#define RUNTIME_SCHED_STATS_H_

#include <cstdint>
#include <vector>

#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/time_histogram.h"
#include "heddle/runtime/stack/memory.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::sched {

struct Stats {
  // Nanoseconds since the runtime was made.
  int64_t uptime_ns = 0;

  // Goroutines that exist, and that were started since the beginning; system
  // goroutines not counted.
  int64_t goroutines = 0;
  uint64_t goroutines_created = 0;
  // System goroutines that exist.
  int64_t system_goroutines = 0;
  // Dead ones kept for reuse, some with their stacks.
  int64_t free_goroutines = 0;

  // Ps (GoMaxProcs), and those that nobody has.
  int gomaxprocs = 0;
  int idle_procs = 0;
  // Threads of the runtime's: the thread that called Run while it is in it,
  // sysmon, and those that were made to run goroutines. Of them: asleep for
  // want of work; looking for work; running a goroutine without a P, which was
  // taken from it (see Options::preempt).
  int threads = 0;
  int idle_threads = 0;
  int spinning_threads = 0;
  int64_t hogs = 0;

  // Runnable goroutines: in the global queue; in each P's, by its number, the
  // one that goes next not counted.
  int64_t global_queue = 0;
  std::vector<uint32_t> local_queues;

  // Stacks: of goroutines that have run, and of threads where those have ours;
  // kept for reuse with dead goroutines, by Ps and in the pools, with what
  // memory they have touched; kept without memory, which went back to the
  // system.
  int64_t stacks_in_use = 0;
  int64_t stacks_cached = 0;
  int64_t stacks_returned = 0;
  // The same as the pools see it, with bytes of address space: what is in use
  // or with dead goroutines or Ps counts as taken. And how guard pages are
  // made.
  stack::StackPool::Stats stacks;
  stack::GuardKind guard = stack::GuardKind::kMprotect;

  // For how long goroutines were runnable before they ran; a sample of one in
  // kGTrackingPeriod. time_to_run.Quantile(0.99) is the 99th percentile.
  TimeHistogramSnapshot time_to_run;
  // Nanoseconds that goroutines have waited for Mutexes, all together:
  // estimated from the same sample. Waits under way are not in it.
  int64_t mutex_wait_ns = 0;
};

// Those of `sched`. From any thread that holds no runtime lock; takes some for
// a moment each, and allocates.
Stats ReadStats(Sched* sched);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_STATS_H_
