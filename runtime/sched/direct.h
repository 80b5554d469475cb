// Direct switches: a goroutine that parks, yields or ends goes on with the next
// one of its P's queue itself, on the way to which g0 would only have looked at
// what is known to be as usual.
//
//   gp: Gopark ─▶ GoOn ── next, in the state running ─▶ SwitchToNext
//                  └───── null: Mcall, as ever            │
//   next:                                  ParkM(gp) ◀────┘ and goes on
//
// It saves a stop on g0 and, which is more, lets the processor predict the way
// back to the user's code: see arch::Switch. All that FindRunnable,
// ScheduleLoop and Execute look at before a goroutine of the P's own queue runs
// is looked at here, or the answer is null. What is done with who was left is
// done on the stack of who goes on, which may be small: see GoOnKeepingStack in
// goexit.cc.
//
// INV-DS1  Who was left (M::left) is committed by who goes on before anything
//          else: its lock is held meanwhile, and only then may it be readied.
// INV-DS2  What is taken off the queue runs next on this M: by the switch, or,
//          if there is a reason against that, through M::found.
//
// Not with ThreadSanitizer, whose fibers cost a multiple of what is saved.

#ifndef RUNTIME_SCHED_DIRECT_H_
#define RUNTIME_SCHED_DIRECT_H_

#include <cstdint>

#include "absl/base/optimization.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/base/prefetch.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/depth_first.h"
#include "heddle/runtime/sched/find_runnable.h"
#include "heddle/runtime/sched/first_run.h"
#include "heddle/runtime/sched/freeze.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/invariants.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/options.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/switch.h"
#include "heddle/runtime/sched/tracking.h"
#include "heddle/runtime/stack/canary.h"

namespace heddle::sched {

// Whether M number `id` of such a runtime may switch directly at all.
bool SwitchesDirectly(const Options& options, int64_t id);

namespace direct_internal {

// Whether pp's first timer is due, looked at each few microseconds only: to
// read the clock costs more than the switch.
bool IsDue(P* pp, int64_t timer);

// Fetches what the P will run soon, where many take turns.
void FetchNext(const P* pp);

// It is g0 that runs `found`. (INV-DS2)
G* NotNow(M* mp, Found found);

// What ScheduleLoop and FindRunnable look at before they come to pp's queue.
// And Mcall, which reports of gp, while it is the one that runs, that it has
// run over the end of its stack.
HEDDLE_INLINE bool AsUsual(const Sched* sched, const M* mp, P* pp,
                           const G* gp) {
  if (MustMcall(mp)) return false;
  if (ABSL_PREDICT_FALSE(gp->marks.Any(Marks::kLocked | Marks::kCanary)) &&
      (gp->marks.locked() || !stack::CanaryLives(gp->stack))) {
    return false;
  }
  if (sched->halted.load(std::memory_order_relaxed) != 0) return false;
  const int64_t timer = pp->timers().next.load(std::memory_order_relaxed);
  return timer == kNeverDue || !IsDue(pp, timer);
}

// The next that FindRunnable would find for pp without stealing; none if the
// slice of runnext is over, or the queues want sorting, or so many wait that
// what they run on wants fetching. With a lock held, what a park releases, of
// pp's own queues alone: the lock of the global queue is not for its holder.
template <bool kHoldsLock>
HEDDLE_INLINE Found NextOf(Sched* sched, P* pp, int32_t behind) {
  if (behind != 0) {
    if (behind > kColdStacks) return {};
    if (pp->schedtick.load(std::memory_order_relaxed) % kGlobalQueueTick == 0) {
      if (kHoldsLock) return {};
      if (G* gp = RunqGetOldest(sched, pp); gp != nullptr) return {gp, false};
    }
  }
  if (pp->slice.Ends(/*by_clock=*/true)) return {};
  // As GetFrom, with one look at `nurses`: a second one takes 5 instructions.
  RunqGetResult<G> got;
  if (ABSL_PREDICT_TRUE(!pp->nurses)) {
    got = pp->runq.Get();
  } else {
    if (WantsSorting(pp)) return {};
    got = GetOfBoth(sched, pp);
  }
  if (got.inherit_time) {
    pp->slice.Inherit();
  } else {
    pp->slice.Begin();
    if (!kHoldsLock && ABSL_PREDICT_FALSE(got.gp == nullptr) && behind != 0) {
      got.gp = RunqGetMore(sched, pp);
    }
  }
  return {got.gp, got.inherit_time};
}

}  // namespace direct_internal

// What mp, on which gp runs and is about to park, to yield or to end, goes on
// with directly: it is in the running state and mp's curg then. Null: gp is to
// call Mcall. In the caller's code, as it is most of what a switch is.
//
// kLeavesStack: gp is about to end, has a stack of the starting size, and
// leaves it to `next` if that is bare. (first_run.h) As one begins where one
// ends, that counts as neither.
template <bool kLeavesStack = false>
HEDDLE_INLINE G* GoOn(M* mp, G* gp) {
  Sched* sched = mp->sched;
  P* pp = mp->p;
  if (!mp->switches_directly || !direct_internal::AsUsual(sched, mp, pp, gp)) {
    return nullptr;
  }
  const int32_t behind = WaitBehind(sched, pp);
  const Found found = direct_internal::NextOf<!kLeavesStack>(sched, pp, behind);
  G* next = found.gp;
  if (next == nullptr) return nullptr;
  if (ABSL_PREDICT_FALSE(next->marks.Any(Marks::kLocked | Marks::kSystem))) {
    mp->found = found;
    return nullptr;
  }
  HEDDLE_DCHECK(next != gp);
  CheckOwned(pp);
  // As Execute.
  CasGStatus(next, GStatus::kRunnable, GStatus::kRunning);
  if (ABSL_PREDICT_FALSE(Frozen())) return direct_internal::NotNow(mp, found);
  if (!next->started && !(kLeavesStack && TakesStack(sched, next))) {
    if (next->marks.bare() && !FurnishLocally(sched, pp, next)) {
      return direct_internal::NotNow(mp, found);
    }
    CountBegun(pp);
  }
  if (behind != 0 && pp->yielded.size() != 0) direct_internal::FetchNext(pp);
  if (kLeavesStack) {
    // A few hundred that end one after the other do not fit into the first
    // cache.
    base::PrefetchForWrite(reinterpret_cast<uintptr_t>(pp->runq.Guess(1)),
                           sizeof(G));
  }
  mp->curg = next;
  next->m = mp;
  TrackRunning(sched, next);
  if (!found.inherit_time) pp->CountTurn();
  return next;
}

// Whether gp, which yields, and for which GoOn was null, would be the next to
// run itself: nothing else is runnable on its P or waits in the global queue,
// no timer is due, and no one asks for the P. It has had its turn then.
// (Gosched)
bool AloneOnP(M* mp, G* gp);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_DIRECT_H_
