#include "runtime/sched/syscall.h"

#include "runtime/sched/globrunq.h"
#include "runtime/sched/m_lifecycle.h"
#include "runtime/sched/p_lifecycle.h"
#include "runtime/sched/park.h"
#include "runtime/sched/switch.h"

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
  CasGStatus(gp, GStatus::kSyscall, GStatus::kRunnable);
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
  StopM();
}

}  // namespace

bool EnterSyscallBlock() {
  G* gp = ParkableG();
  if (gp == nullptr) return false;
  M* mp = Acquirem();
  CasGStatus(gp, GStatus::kRunning, GStatus::kSyscall);
  P* pp = mp->p;
  pp->syscalltick.store(pp->syscalltick.load(std::memory_order_relaxed) + 1,
                        std::memory_order_relaxed);
  HandoffP(mp->sched, ReleaseP());
  Releasem(mp);
  return true;
}

void ExitSyscall() {
  G* gp = Getg();
  M* mp = gp->m;
  const int saved_errno = *mp->errno_address;
  P* pp = IdleP(mp->sched);
  *mp->errno_address = saved_errno;
  if (pp != nullptr) {
    AcquireP(pp);
    CasGStatus(gp, GStatus::kSyscall, GStatus::kRunning);
    return;
  }
  Mcall(ExitSyscall0);
}

}  // namespace heddle::sched
