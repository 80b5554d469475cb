// The invariants that everything relies on (ARCHITECTURE.md, "Rules"), as
// assertions of debug builds, each where it could be broken. What is cheap
// enough for every build throws at its place instead (CasGStatus, AcquireP,
// StopM, GfPut), and the order of locks is os/lock.h's.

#ifndef RUNTIME_SCHED_INVARIANTS_H_
#define RUNTIME_SCHED_INVARIANTS_H_

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/os/spin_lock.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/p.h"

namespace heddle::sched {

// A G is on one list at most, and made runnable only after its context is saved
// (rules 1 and 4). Before gp is queued.
inline void CheckQueueable([[maybe_unused]] const G* gp) {
  HEDDLE_DCHECK(ReadGStatus(gp) == GStatus::kRunnable);
  HEDDLE_DCHECK(gp->schedlink == nullptr);
  HEDDLE_DCHECK(gp->marks.bare() ||
                (gp->sched.sp >= gp->stack.lo && gp->sched.sp < gp->stack.hi));
}

// A P belongs to one M at most, and only that M's thread pushes to its queue
// (rule 2).
inline void CheckOwned([[maybe_unused]] const P* pp) {
  HEDDLE_DCHECK(pp->m.load(std::memory_order_relaxed) == Getm());
  HEDDLE_DCHECK(Getm()->gate.locks() > 0);
}

// What mp, on g0, is about to run: it has a P, and gp is no other M's.
inline void CheckRuns([[maybe_unused]] const M* mp,
                      [[maybe_unused]] const G* gp) {
  HEDDLE_DCHECK(Getg() == &mp->g0);
  HEDDLE_DCHECK(mp->p != nullptr);
  CheckOwned(mp->p);
  HEDDLE_DCHECK(!gp->marks.locked() || mp->lockedg == gp);
}

// g0 never parks, and no lock is held across a switch but the one that the park
// releases, or a select's spin locks (rule 5).
inline void CheckParks() {
  HEDDLE_DCHECK(Curg() != nullptr);
  HEDDLE_DCHECK(os::HeldLocks() <= (os::HeldSpinLocks() > 0 ? 0 : 1));
}

// Nor is any held by who yields or ends. (As ScheduleLoop, which a direct
// switch passes by.)
inline void CheckLeaves() {
  HEDDLE_DCHECK(Curg() != nullptr);
  HEDDLE_DCHECK(os::HeldLocks() == 0 && os::HeldSpinLocks() == 0);
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_INVARIANTS_H_
