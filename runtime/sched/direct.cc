#include "runtime/sched/direct.h"

#include "runtime/os/clock.h"
#include "runtime/sanitizer/sanitizer.h"
#include "runtime/sched/find_runnable.h"
#include "runtime/sched/freeze.h"
#include "runtime/sched/invariants.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/switch.h"
#include "runtime/sched/tracking.h"
#include "runtime/stack/canary.h"

namespace heddle::sched {
namespace {

// What ScheduleLoop and FindRunnable look at before they come to pp's queue.
// And Mcall, which reports of gp, while it is the one that runs, that it has
// run over the end of its stack.
[[gnu::always_inline]] inline bool AsUsual(const Sched* sched, const M* mp,
                                           const P* pp, const G* gp) {
  if (gp->locked || MustMcall(mp)) return false;
  if (gp->canary && !stack::CanaryLives(gp->stack)) return false;
  if (sched->gcwaiting.load(std::memory_order_relaxed) ||
      !sched->main_started.load(std::memory_order_relaxed)) {
    return false;
  }
  const int64_t timer = pp->timers.next.load(std::memory_order_relaxed);
  if (timer != kNever && os::Nanotime() >= timer) return false;
  const int32_t global = sched->runqsize.load(std::memory_order_relaxed);
  return global == 0 ||
         (global <= kColdStacks &&
          pp->schedtick.load(std::memory_order_relaxed) % kGlobalQueueTick !=
              0);
}

// The next of pp's own queue, as FindRunnable's GetLocal; none if the slice of
// runnext is over: the lock of the global queue, to which that goes then, is
// not for who holds what a park releases.
[[gnu::always_inline]] inline Found NextLocal(P* pp) {
  if (pp->slice.Ends(/*by_clock=*/true)) return {};
  const RunqGetResult<G> got = pp->runq.Get();
  if (got.inherit_time) {
    pp->slice.Inherit();
  } else {
    pp->slice.Begin();
  }
  return {got.gp, got.inherit_time};
}

// gp's turn ends, and another one's begins.
void CountTurn(P* pp) {
  pp->schedtick.store(pp->schedtick.load(std::memory_order_relaxed) + 1,
                      std::memory_order_relaxed);
}

}  // namespace

bool SwitchesDirectly(const Options& options, int64_t id) {
  if (sanitizer::kTsan || options.randomize || options.migrate_always) {
    return false;
  }
  // M0Leaves wants to know when m0 gets its thread back.
  return id != 0 || options.on_main_return == OnMainReturn::kWait;
}

G* GoOn(M* mp, G* gp) {
  Sched* sched = mp->sched;
  P* pp = mp->p;
  if (!mp->switches_directly || !AsUsual(sched, mp, pp, gp)) return nullptr;
  const Found found = NextLocal(pp);
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
  if (Frozen()) {
    CasGStatus(next, GStatus::kRunning, GStatus::kRunnable);
    mp->found = found;
    return nullptr;
  }
  mp->curg = next;
  next->m = mp;
  TrackRunning(sched, next);
  if (!found.inherit_time) CountTurn(pp);
  return next;
}

bool AloneOnP(M* mp, G* gp) {
  Sched* sched = mp->sched;
  P* pp = mp->p;
  if (!mp->switches_directly || mp->found.gp != nullptr ||
      !AsUsual(sched, mp, pp, gp) ||
      sched->runqsize.load(std::memory_order_relaxed) != 0 ||
      !pp->runq.Empty() || Frozen()) {
    return false;
  }
  TrackStopped(gp);
  TrackRunnable(gp);
  TrackRunning(sched, gp);
  pp->slice.Begin();
  CountTurn(pp);
  return true;
}

}  // namespace heddle::sched
