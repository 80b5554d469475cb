#include "heddle/runtime/sched/schedule.h"

#include <utility>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/os/spin_lock.h"
#include "heddle/runtime/sched/check_dead.h"
#include "heddle/runtime/sched/depth_first.h"
#include "heddle/runtime/sched/find_runnable.h"
#include "heddle/runtime/sched/first_run.h"
#include "heddle/runtime/sched/freeze.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/invariants.h"
#include "heddle/runtime/sched/locked_m.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/proc.h"
#include "heddle/runtime/sched/switch.h"
#include "heddle/runtime/sched/tracking.h"

namespace heddle::sched {
namespace {

// mp has found work and spins no more. If it was the last to spin, another
// takes over: where there was one goroutine there may be more. (resetspinning)
void ResetSpinning(M* mp) {
  mp->spinning = false;
  LowerSpinning(mp->sched, "resetspinning");
  WakeP(mp->sched);
}

// For G::lastm: never 0. Two Ms may share one, and a goroutine then moves once
// more than it had to.
uint16_t NumberOf(const M* mp) {
  return static_cast<uint16_t>(mp->id) | 1 << 15;
}

// Runs gp, and who comes after it by direct switches, on mp until one calls
// Mcall, and then what that wants called. (execute)
void Execute(M* mp, G* gp, bool inherit_time) {
  CheckRuns(mp, gp);
  mp->curg = gp;
  gp->m = mp;
  if (mp->sched->options.migrate_always) gp->lastm = NumberOf(mp);
  TrackRunning(mp->sched, gp);
  CasGStatus(gp, GStatus::kRunnable, GStatus::kRunning);
  while (Frozen()) {
    CasGStatus(gp, GStatus::kRunning, GStatus::kRunnable);
    WaitForThaw();
    CasGStatus(gp, GStatus::kRunnable, GStatus::kRunning);
  }
  // Now that no report looks at its stack.
  if (!gp->started) {
    if (gp->marks.bare()) Furnish(mp, gp);
    CountBegun(mp->p);
    gp->started = true;
  }
  if (!inherit_time) mp->p->CountTurn();
  const G0Function fn = SwitchToG(mp, gp);
  fn(mp->curg);
}

// Options::migrate_always: hands gp, which this M ran last, and the P to
// another M, and sleeps. False if mp is to leave afterwards.
bool PassOn(M* mp, G* gp) {
  Sched* sched = mp->sched;
  RunqPut(sched, mp->p, gp, /*next=*/true);
  StartM(sched, ReleaseP(), /*spinning=*/false);
  return StopM();
}

enum class AfterSystemG { kRun, kLookAgain, kLeave };

// gp is a system goroutine, for which Run does not wait: it must run neither
// after the end of the Run, nor on the thread that called Run.
AfterSystemG BeforeSystemG(M* mp, G* gp) {
  Sched* sched = mp->sched;
  if (!MayRunSystemG(mp, gp)) {
    os::LockGuard guard(sched->lock);
    GlobRunqPut(sched, gp);
    return AfterSystemG::kLookAgain;
  }
  if (mp != sched->m0) return AfterSystemG::kRun;
  return PassOn(mp, gp) ? AfterSystemG::kLookAgain : AfterSystemG::kLeave;
}

}  // namespace

void ScheduleLoop() {
  M* mp = Getm();
  Sched* sched = mp->sched;
  for (;;) {
    if (mp->gate.locks() != 1) base::Throw("schedule: holding locks");
    HEDDLE_DCHECK(os::HeldLocks() == 0 && os::HeldSpinLocks() == 0);
    Found found = {mp->resume, true};
    mp->resume = nullptr;
    if (found.gp == nullptr && mp->lockedg != nullptr) {
      if (!StopLockedM(mp)) return;
      found = {mp->lockedg, false};
    } else if (found.gp == nullptr) {
      found = std::exchange(mp->found, Found());
      if (found.gp == nullptr) found = FindRunnable(mp);
      if (found.gp == nullptr) return;
      if (mp->spinning) ResetSpinning(mp);
      if (found.gp->marks.locked()) {
        if (!StartLockedM(found.gp)) return;
        continue;
      }
      if (sched->options.migrate_always && found.gp->lastm == NumberOf(mp)) {
        if (!PassOn(mp, found.gp)) return;
        continue;
      }
    }
    if (found.gp->marks.system()) {
      const AfterSystemG next = BeforeSystemG(mp, found.gp);
      if (next == AfterSystemG::kLeave) return;
      if (next == AfterSystemG::kLookAgain) continue;
    }
    Execute(mp, found.gp, found.inherit_time);
    if (mp->dies) {
      MExit(mp);
      return;
    }
    if (mp == sched->m0 && M0Leaves(mp)) return;
  }
}

}  // namespace heddle::sched
