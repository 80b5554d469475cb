#include "heddle/runtime/sched/direct.h"

#include "heddle/runtime/base/prefetch.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::sched {
namespace direct_internal {

bool IsDue(P* pp, int64_t timer) {
  const uint64_t ticks = os::Ticks();
  if (ticks - pp->clock_read_at < os::kFewTicks) return false;
  pp->clock_read_at = ticks;
  return os::Nanotime() >= timer;
}

// Of the next but one the end of its stack, of who comes after it its G.
void FetchNext(const P* pp) {
  constexpr size_t kBytes = 3 * ABSL_CACHELINE_SIZE;
  if (const G* gp = pp->runq.Guess(0); gp != nullptr) {
    base::PrefetchForWrite(gp->sched.sp, kBytes);
  }
  base::PrefetchForWrite(reinterpret_cast<uintptr_t>(pp->runq.Guess(1)), 1);
}

G* NotNow(M* mp, Found found) {
  CasGStatus(found.gp, GStatus::kRunning, GStatus::kRunnable);
  mp->found = found;
  return nullptr;
}

}  // namespace direct_internal

bool SwitchesDirectly(const Options& options, int64_t id) {
  if (sanitizer::kTsan || options.randomize || options.migrate_always) {
    return false;
  }
  // M0Leaves wants to know when m0 gets its thread back.
  return id != 0 || options.on_main_return == OnMainReturn::kWait;
}

bool AloneOnP(M* mp, G* gp) {
  Sched* sched = mp->sched;
  P* pp = mp->p;
  if (!mp->switches_directly || mp->found.gp != nullptr ||
      !direct_internal::AsUsual(sched, mp, pp, gp) ||
      sched->runqsize.load(std::memory_order_relaxed) != 0 ||
      !pp->QueuesEmpty() || Frozen()) {
    return false;
  }
  TrackRunnable(gp);
  TrackRunning(sched, gp);
  pp->slice.Begin();
  pp->CountTurn();
  return true;
}

}  // namespace heddle::sched
