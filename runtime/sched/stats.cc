#include "heddle/runtime/sched/stats.h"

#include <algorithm>

#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::sched {
namespace {

void ReadThreads(Sched* sched, Stats* s) {
  os::LockGuard guard(sched->lock);
  s->gomaxprocs = sched->gomaxprocs.load(std::memory_order_relaxed);
  s->idle_procs = sched->npidle.load(std::memory_order_relaxed);
  s->threads = sched->nm;
  s->idle_threads = sched->nmidle;
  s->spinning_threads = sched->nmspinning.load(std::memory_order_relaxed);
  s->global_queue = sched->runqsize.load(std::memory_order_relaxed);
}

// Returns how many stacks are with dead Gs, and in the caches of Ps.
int64_t ReadPs(Sched* sched, Stats* s) {
  s->free_goroutines = sched->gfree.n();
  s->goroutines_created =
      sched->ngcreated_without_p.load(std::memory_order_relaxed);
  int64_t free_stacks = sched->gfree.n_with_stack();
  // Ps that are no more in use have been emptied, and keep their counts.
  for (int32_t i = 0; i < kMaxProcs; i++) {
    const P* pp = GetP(sched, i);
    if (pp == nullptr) break;
    s->free_goroutines += pp->gfree.n();
    s->goroutines_created += pp->ngcreated.load(std::memory_order_relaxed);
    if (i < s->gomaxprocs) s->local_queues.push_back(pp->QueuesSize());
    free_stacks += pp->gfree.n_with_stack();
    for (int order = 0; order < stack::kNumOrders; order++) {
      free_stacks += pp->stackcache.count(order);
    }
  }
  return free_stacks;
}

}  // namespace

Stats ReadStats(Sched* sched) {
  Stats s;
  s.uptime_ns = os::Nanotime() - sched->start_ns;
  ReadThreads(sched, &s);
  const int64_t free_stacks = ReadPs(sched, &s);
  s.goroutines = GCount(sched);
  s.system_goroutines = sched->nsystem.load(std::memory_order_relaxed);
  s.hogs = sched->nhogs.load(std::memory_order_relaxed);
  s.stacks = sched->stackpool->stats();
  // These are not all of one moment.
  s.stacks_in_use = std::max<int64_t>(
      0, static_cast<int64_t>(s.stacks.taken_stacks) - free_stacks);
  s.stacks_returned = static_cast<int64_t>(s.stacks.returned_stacks);
  s.stacks_cached = std::max<int64_t>(
      0, static_cast<int64_t>(s.stacks.taken_stacks + s.stacks.free_stacks) -
             s.stacks_in_use - s.stacks_returned);
  s.guard = sched->stackpool->guard_kind();
  s.time_to_run = sched->time_to_run.Read();
  s.mutex_wait_ns = sched->mutex_wait_ns.load(std::memory_order_relaxed);
  return s;
}

}  // namespace heddle::sched
