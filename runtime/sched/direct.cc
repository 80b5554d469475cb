#include "runtime/sched/direct.h"

#include "runtime/sanitizer/sanitizer.h"
#include "runtime/sched/find_runnable.h"
#include "runtime/sched/freeze.h"
#include "runtime/sched/invariants.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/switch.h"
#include "runtime/sched/tracking.h"

namespace heddle::sched {
namespace {

// What ScheduleLoop and FindRunnable look at before they come to pp's queue.
bool AsUsual(const Sched* sched, const M* mp, P* pp, const G* gp) {
  if (gp->locked || MustMcall(mp)) return false;
  if (sched->gcwaiting.load(std::memory_order_relaxed) ||
      !sched->main_started.load(std::memory_order_relaxed)) {
    return false;
  }
  if (pp->timers.next.load(std::memory_order_relaxed) != kNever) return false;
  const int32_t global = sched->runqsize.load(std::memory_order_relaxed);
  return global == 0 ||
         (global <= kColdStacks &&
          pp->schedtick.load(std::memory_order_relaxed) % kGlobalQueueTick !=
              0);
}

// The next of pp's own queue, as GetLocal; none if the slice has to be looked
// at.
Found NextLocal(P* pp) {
  if (pp->slice.NextLooks()) return {};
  const RunqGetResult<G> got = pp->runq.Get();
  if (got.inherit_time) {
    pp->slice.Inherit(/*by_clock=*/false);
  } else {
    pp->slice.Begin();
  }
  return {got.gp, got.inherit_time};
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
  next->started = true;
  TrackRunning(sched, next);
  if (!found.inherit_time) {
    pp->schedtick.store(pp->schedtick.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  }
  return next;
}

}  // namespace heddle::sched
