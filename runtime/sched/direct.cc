#include "runtime/sched/direct.h"

#include "absl/base/optimization.h"
#include "runtime/base/prefetch.h"
#include "runtime/os/clock.h"
#include "runtime/sanitizer/sanitizer.h"
#include "runtime/sched/depth_first.h"
#include "runtime/sched/find_runnable.h"
#include "runtime/sched/first_run.h"
#include "runtime/sched/freeze.h"
#include "runtime/sched/globrunq.h"
#include "runtime/sched/invariants.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/switch.h"
#include "runtime/sched/tracking.h"
#include "runtime/stack/canary.h"

namespace heddle::sched {
namespace {

// Whether pp's first timer is due, looked at each few microseconds only: to
// read the clock costs more than the switch.
[[gnu::always_inline]] inline bool IsDue(P* pp, int64_t timer) {
  const uint64_t ticks = os::Ticks();
  if (ticks - pp->clock_read_at < os::kFewTicks) return false;
  pp->clock_read_at = ticks;
  return os::Nanotime() >= timer;
}

// What ScheduleLoop and FindRunnable look at before they come to pp's queue.
// And Mcall, which reports of gp, while it is the one that runs, that it has
// run over the end of its stack.
[[gnu::always_inline]] inline bool AsUsual(const Sched* sched, const M* mp,
                                           P* pp, const G* gp) {
  if (gp->locked || MustMcall(mp)) return false;
  if (gp->canary && !stack::CanaryLives(gp->stack)) return false;
  if (sched->gcwaiting.load(std::memory_order_relaxed) ||
      !sched->main_started.load(std::memory_order_relaxed)) {
    return false;
  }
  const int64_t timer = pp->timers.next.load(std::memory_order_relaxed);
  if (timer != kNever && IsDue(pp, timer)) return false;
  const int32_t behind = WaitBehind(sched, pp);
  return behind == 0 ||
         (behind <= kColdStacks &&
          pp->schedtick.load(std::memory_order_relaxed) % kGlobalQueueTick !=
              0);
}

// The next of pp's own queues, as FindRunnable's GetLocal; none if the slice of
// runnext is over, or the queues want sorting: the lock of the global queue is
// not for who holds what a park releases.
[[gnu::always_inline]] inline Found NextLocal(const Sched* sched, P* pp) {
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
  }
  return {got.gp, got.inherit_time};
}

// What pp runs next but one is not in the first cache, if so many take turns
// that they do not fit into its queue: fetches the end of its stack, and the G
// that comes after it.
[[gnu::always_inline]] inline void FetchNext(const P* pp) {
  constexpr size_t kBytes = 4 * ABSL_CACHELINE_SIZE;
  if (const G* gp = pp->runq.Peek(0); gp != nullptr) {
    base::PrefetchForWrite(gp->sched.sp, kBytes);
  }
  if (const G* gp = pp->runq.Peek(1); gp != nullptr) {
    base::PrefetchForWrite(reinterpret_cast<uintptr_t>(gp), 1);
  }
}

// Whether `next`, which is bare, can be switched to from where it was found,
// or, with kLeavesStack, its predecessor's stack is what it lacks.
template <bool kLeavesStack>
[[gnu::noinline]] bool IsFurnished(Sched* sched, P* pp, G* next) {
  return (kLeavesStack && !next->stack) || FurnishLocally(sched, pp, next);
}

// It is g0 that runs `found`. (INV-DS2)
[[gnu::noinline]] G* NotNow(M* mp, const Found& found) {
  CasGStatus(found.gp, GStatus::kRunning, GStatus::kRunnable);
  mp->found = found;
  return nullptr;
}

// GoOn, GoOnFromEnd.
template <bool kLeavesStack>
[[gnu::always_inline]] inline G* GoOnWith(M* mp, G* gp) {
  Sched* sched = mp->sched;
  P* pp = mp->p;
  if (!mp->switches_directly || !AsUsual(sched, mp, pp, gp)) return nullptr;
  const Found found = NextLocal(sched, pp);
  G* next = found.gp;
  if (next == nullptr) return nullptr;
  if (next->locked || next->is_system) {
    mp->found = found;
    return nullptr;
  }
  HEDDLE_DCHECK(next->m == nullptr && next != gp);
  CheckOwned(pp);
  // As Execute.
  CasGStatus(next, GStatus::kRunnable, GStatus::kRunning);
  if (ABSL_PREDICT_FALSE(Frozen())) return NotNow(mp, found);
  if (ABSL_PREDICT_FALSE(!next->started)) {
    if (next->bare && !IsFurnished<kLeavesStack>(sched, pp, next)) {
      return NotNow(mp, found);
    }
    CountBegun(pp);
  }
  if (pp->yielded.size() != 0) FetchNext(pp);
  mp->curg = next;
  next->m = mp;
  TrackRunning(sched, next);
  if (!found.inherit_time) pp->CountTurn();
  return next;
}

}  // namespace

bool SwitchesDirectly(const Options& options, int64_t id) {
  if (sanitizer::kTsan || options.randomize || options.migrate_always) {
    return false;
  }
  // M0Leaves wants to know when m0 gets its thread back.
  return id != 0 || options.on_main_return == OnMainReturn::kWait;
}

G* GoOn(M* mp, G* gp) { return GoOnWith<false>(mp, gp); }

G* GoOnFromEnd(M* mp, G* gp, bool leaves_stack) {
  return leaves_stack ? GoOnWith<true>(mp, gp) : GoOnWith<false>(mp, gp);
}

bool AloneOnP(M* mp, G* gp) {
  Sched* sched = mp->sched;
  P* pp = mp->p;
  if (!mp->switches_directly || mp->found.gp != nullptr ||
      !AsUsual(sched, mp, pp, gp) ||
      sched->runqsize.load(std::memory_order_relaxed) != 0 ||
      !pp->QueuesEmpty() || Frozen()) {
    return false;
  }
  TrackStopped(gp);
  TrackRunnable(gp);
  TrackRunning(sched, gp);
  pp->slice.Begin();
  pp->CountTurn();
  return true;
}

}  // namespace heddle::sched
