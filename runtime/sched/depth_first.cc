#include "heddle/runtime/sched/depth_first.h"

#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/m_lifecycle.h"

namespace heddle::sched {
namespace {

// Whether the oldest of the nursery goes before all others.
bool OldestIsDue(const Sched* sched, P* pp) {
  const int64_t now = sched->coarse_now.load(std::memory_order_relaxed);
  if (now - pp->oldest_at < kOldestNs) return false;
  pp->oldest_at = now;
  return true;
}

// Which of the nursery is next, if any of it.
G* GetNursed(const Sched* sched, P* pp) {
  if (!GoesDepthFirst(pp) || OldestIsDue(sched, pp)) {
    return pp->nursery.GetOldest();
  }
  return pp->nursery.GetNewest();
}

}  // namespace

bool WantsSorting(const P* pp) {
  if (!GoesDepthFirst(pp)) return false;
  // A guess, if a thief has it by now.
  const G* oldest = pp->runq.Peek(0);
  return oldest != nullptr && !oldest->started;
}

void Sort(Sched* sched, P* pp) {
  for (uint32_t n = pp->runq.size(); n > 0; n--) {
    G* gp = pp->runq.GetOldest();
    if (gp == nullptr) break;
    RunqPutTail(sched, pp, gp);
  }
  // Who looked for work meanwhile has not seen what was on its way.
  WakeP(sched);
}

RunqGetResult<G> GetOfBoth(const Sched* sched, P* pp) {
  if (G* gp = pp->runq.GetNext(); gp != nullptr) return {gp, true};
  const uint32_t tick = pp->schedtick.load(std::memory_order_relaxed);
  if (tick % kNurseryTick == 0) {
    if (G* gp = GetNursed(sched, pp); gp != nullptr) return {gp, false};
    // After so many turns nothing unsorted is in the ring either.
    if (tick % (4 * kRunqSize) == 0) pp->nurses = false;
  }
  if (G* gp = pp->runq.GetOldest(); gp != nullptr) return {gp, false};
  G* gp = GetNursed(sched, pp);
  if (gp == nullptr) pp->nurses = false;
  return {gp, false};
}

}  // namespace heddle::sched
