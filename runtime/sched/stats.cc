#include "runtime/sched/stats.h"

#include <algorithm>

#include "runtime/os/clock.h"
#include "runtime/sched/p_lifecycle.h"

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

// The stacks that are with dead Gs, and in the caches of Ps.
int64_t FreeStacks(const Sched* sched) {
  const GFreeGlobal& global = sched->gfree;
  int64_t n = int64_t{global.n_of[kGFreeStarting]} + global.n_of[kGFreeSmall];
  for (int32_t i = 0; i < kMaxProcs; i++) {
    const P* pp = GetP(sched, i);
    if (pp == nullptr) break;
    n += int64_t{pp->gfree.of[kGFreeStarting].n} + pp->gfree.of[kGFreeSmall].n;
    for (int order = 0; order < stack::kNumOrders; order++) {
      n += pp->stackcache.count(order);
    }
  }
  return n;
}

void ReadPs(Sched* sched, Stats* s) {
  s->free_goroutines = sched->gfree.n();
  s->goroutines_created =
      sched->ngcreated_without_p.load(std::memory_order_relaxed);
  // Ps that are no more in use have been emptied, and keep their counts.
  for (int32_t i = 0; i < kMaxProcs; i++) {
    const P* pp = GetP(sched, i);
    if (pp == nullptr) break;
    s->free_goroutines += pp->gfree.n();
    s->goroutines_created += pp->ngcreated.load(std::memory_order_relaxed);
    if (i < s->gomaxprocs) s->local_queues.push_back(pp->QueuesSize());
  }
}

}  // namespace

Stats ReadStats(Sched* sched) {
  Stats s;
  s.uptime_ns = os::Nanotime() - sched->start_ns;
  ReadThreads(sched, &s);
  ReadPs(sched, &s);
  s.goroutines = GCount(sched);
  s.system_goroutines = sched->nsystem.load(std::memory_order_relaxed);
  s.hogs = sched->nhogs.load(std::memory_order_relaxed);
  s.stacks = sched->stackpool.stats();
  // These are not all of one moment.
  s.stacks_in_use = std::max<int64_t>(
      0, static_cast<int64_t>(s.stacks.taken_stacks) - FreeStacks(sched));
  s.stacks_returned = static_cast<int64_t>(s.stacks.returned_stacks);
  s.stacks_cached = std::max<int64_t>(
      0, static_cast<int64_t>(s.stacks.taken_stacks + s.stacks.free_stacks) -
             s.stacks_in_use - s.stacks_returned);
  s.guard = sched->stackpool.guard_kind();
  s.time_to_run = sched->time_to_run.Read();
  s.mutex_wait_ns = sched->mutex_wait_ns.load(std::memory_order_relaxed);
  return s;
}

}  // namespace heddle::sched
