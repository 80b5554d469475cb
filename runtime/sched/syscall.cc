#include "runtime/sched/syscall.h"

#include "runtime/os/lock.h"
#include "runtime/sched/globrunq.h"
#include "runtime/sched/leave_hook.h"
#include "runtime/sched/m_lifecycle.h"
#include "runtime/sched/p_lifecycle.h"
#include "runtime/sched/park.h"
#include "runtime/sched/retake.h"
#include "runtime/sched/switch.h"
#include "runtime/sched/tracking.h"

namespace heddle::sched {
namespace {

P* IdleP(Sched* sched) {
  if (sched->npidle.load(std::memory_order_relaxed) == 0) return nullptr;
  os::LockGuard guard(sched->lock);
  if (!sched->main_started.load(std::memory_order_relaxed)) return nullptr;
  return PidleGet(sched);
}

// On g0: gp found no idle P. (exitsyscall0)
void ExitSyscall0(G* gp) {
  M* mp = Getg()->m;
  Sched* sched = mp->sched;
  TrackStopped(gp);
  TrackRunnable(gp);
  CasGStatus(gp, ReadGStatus(gp), GStatus::kRunnable);
  gp->m = nullptr;
  mp->curg = nullptr;
  P* pp = nullptr;
  {
    os::LockGuard guard(sched->lock);
    // Once more: one may have become idle meanwhile, and will not look again.
    if (sched->main_started.load(std::memory_order_relaxed)) {
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

// Gets a P for the calling goroutine, which is inside and has none; keeps
// errno. True: it has gone on at once, in the state in which it was; false: it
// was queued, and runs. (exitsyscallfast_pidle and what comes after)
bool GetAnyP(M* mp) {
  const int saved_errno = *mp->errno_address;
  P* pp = IdleP(mp->sched);
  *mp->errno_address = saved_errno;
  if (pp != nullptr) {
    AcquireP(pp);
    return true;
  }
  CallLeaveHook(Getg(), Leaving::kWaitsForP);
  Mcall(ExitSyscall0);
  return false;
}

}  // namespace

M* PassGate(M* mp) {
  if (!mp->gate.Settle()) return mp;
  HEDDLE_DCHECK(os::HeldLocks() == 0);
  mp->p = nullptr;
  HogIsBack(mp);
  G* gp = Getg();
  if (ReadGStatus(gp) == GStatus::kSyscall) return mp;
  GetAnyP(mp);
  return gp->m;
}

bool EnterSyscall() {
  G* gp = ParkableG();
  if (gp == nullptr) return false;
  M* mp = Acquirem();
  CasGStatus(gp, GStatus::kRunning, GStatus::kSyscall);
  P* pp = mp->p;
  pp->syscalltick.store(pp->syscalltick.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  if (CanTakePs()) {
    pp->status.store(PStatus::kSyscall, std::memory_order_relaxed);
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
  } else if (GetAnyP(mp)) {
    CasGStatus(gp, GStatus::kSyscall, GStatus::kRunning);
  }
  Releasem(gp->m);
}

}  // namespace heddle::sched
