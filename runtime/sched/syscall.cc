#include "heddle/runtime/sched/syscall.h"

#include <utility>

#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/leave_hook.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/retake.h"
#include "heddle/runtime/sched/switch.h"
#include "heddle/runtime/sched/sysmon.h"
#include "heddle/runtime/sched/tracking.h"

namespace heddle::sched {
namespace {

P* IdleP(Sched* sched) {
  if (sched->npidle.load(std::memory_order_relaxed) == 0) return nullptr;
  os::LockGuard guard(sched->lock);
  if (!sched->main_started()) return nullptr;
  return PidleGet(sched);
}

// On g0: gp found no idle P. (exitsyscall0)
void ExitSyscall0(G* gp) {
  M* mp = Getm();
  Sched* sched = mp->sched;
  TrackRunnable(gp);
  CasGStatus(gp, ReadGStatus(gp), GStatus::kRunnable);
  gp->m = nullptr;
  mp->curg = nullptr;
  P* pp = nullptr;
  {
    os::LockGuard guard(sched->lock);
    // Once more: one may have become idle meanwhile, and will not look again.
    if (sched->main_started()) {
      pp = PidleGet(sched);
    }
    if (pp == nullptr) GlobRunqPut(sched, gp);
  }
  if (pp != nullptr) {
    AcquireP(pp);
    mp->resume = gp;
    return;
  }
  // If gp is locked, its M waits for it in ScheduleLoop.
  if (mp->lockedg == nullptr) StopM();
}

// Gives mp, the calling M, which has none, an idle P; false if there is none.
// Keeps errno. (exitsyscallfast_pidle)
bool GetIdleP(M* mp) {
  const int saved_errno = *mp->errno_address;
  P* pp = IdleP(mp->sched);
  *mp->errno_address = saved_errno;
  if (pp != nullptr) AcquireP(pp);
  return pp != nullptr;
}

// Queues gp, the calling goroutine, which has no P, until it has its turn: on
// this very thread, as if it were locked to it.
void QueueOnThread(M* mp, G* gp) {
  const bool locked = gp->marks.locked();
  LockToM(mp, gp);
  Mcall(ExitSyscall0);
  if (!locked) {
    // Nobody else looks at these while it runs.
    UnlockFromM(mp, gp);
  }
}

}  // namespace

M* PassGate(M* mp) {
  G* gp = Getg();
  if (!mp->gate.Settle()) return mp;
  HEDDLE_DCHECK(os::HeldLocks() == 0);
  mp->p = nullptr;
  // A taker may write it again once there is another P.
  const bool was_hog = std::exchange(mp->is_hog, false);
  // In a blocking call it goes on without one.
  if (ReadGStatus(gp) != GStatus::kSyscall && !GetIdleP(mp)) {
    QueueOnThread(mp, gp);
  }
  // Not before it has a P: while it queues its thread is one more than there
  // are Ps.
  if (was_hog) mp->sched->nhogs.fetch_sub(1, std::memory_order_relaxed);
  return mp;
}

bool EnterSyscall() {
  G* gp = ParkableG();
  if (gp == nullptr) return false;
  M* mp = Acquirem();
  CasGStatus(gp, GStatus::kRunning, GStatus::kSyscall);
  P* pp = mp->p;
  pp->syscalltick.store(pp->syscalltick.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  if (mp->sched->takes_ps) {
    pp->status.store(PStatus::kSyscall, std::memory_order_relaxed);
    HurrySysmon(mp->sched, pp);
  } else {
    // Nobody could take it. (entersyscallblock)
    HandoffP(mp->sched, ReleaseP());
  }
  Releasem(mp);
  return true;
}

void ExitSyscall() {
  // In a blocking call a goroutine stays on its thread.
  M* mp = Acquirem();
  P* pp = mp->p;
  G* gp = mp->curg;
  if (pp != nullptr) {
    pp->status.store(PStatus::kRunning, std::memory_order_relaxed);
    CasGStatus(gp, GStatus::kSyscall, GStatus::kRunning);
  } else if (GetIdleP(mp)) {
    CasGStatus(gp, GStatus::kSyscall, GStatus::kRunning);
  } else {
    CallLeaveHook(gp, Leaving::kWaitsForP);
    Mcall(ExitSyscall0);
    mp = Getm();
  }
  Releasem(mp);
}

}  // namespace heddle::sched
