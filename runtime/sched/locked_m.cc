#include "heddle/runtime/sched/locked_m.h"

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sched/check_dead.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/proc.h"
#include "heddle/runtime/sched/sysmon.h"
#include "heddle/runtime/sched/template_thread.h"

namespace heddle::sched {
namespace {

void RemoveFromAllM(Sched* sched, M* mp)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock) {
  M** link = &sched->allm;
  while (*link != mp) {
    if (*link == nullptr) base::Throw("m not found in allm");
    link = &(*link)->alllink;
  }
  *link = mp->alllink;
}

// Takes one M off sched.freem whose thread has ended, or any. Null: none.
M* NextToFree(Sched* sched, bool any) {
  os::LockGuard guard(sched->lock);
  // Those that go while the runtime ends are left to its end: JoinM may wait
  // for one of them.
  if (!any && sched->exiting.load(std::memory_order_relaxed)) return nullptr;
  for (M** link = &sched->freem; *link != nullptr; link = &(*link)->alllink) {
    M* mp = *link;
    if (!any && !ThreadHasEnded(mp)) continue;
    *link = mp->alllink;
    return mp;
  }
  return nullptr;
}

// The M that gp is locked to: looked for, as the thread that is woken then
// costs far more, and a G has no room for it.
M* LockedM(Sched* sched, const G* gp)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock) {
  for (M* mp = sched->allm; mp != nullptr; mp = mp->alllink) {
    if (mp->lockedg == gp) return mp;
  }
  base::Throw("startlockedm: locked to no m");
}

}  // namespace

void LockOsThread() {
  G* gp = Curg();
  if (gp == nullptr) return;
  M* mp = Acquirem();
  // Before the program changes anything about this thread.
  StartTemplateThread(mp->sched);
  if (++mp->lockedext == 0) base::Throw("LockOsThread nesting overflow");
  LockToM(mp, gp);
  Releasem(mp);
}

void UnlockOsThread() {
  G* gp = Curg();
  if (gp == nullptr) return;
  M* mp = Acquirem();
  if (mp->lockedext != 0 && --mp->lockedext == 0) {
    UnlockFromM(mp, gp);
  }
  Releasem(mp);
}

bool StopLockedM(M* mp) {
  Sched* sched = mp->sched;
  if (mp->p != nullptr) HandoffP(sched, ReleaseP());
  bool watch = false;
  {
    os::LockGuard guard(sched->lock);
    if (sched->exiting.load(std::memory_order_relaxed)) return false;
    // Not if somebody has woken it already, with the P that it gave away.
    if (mp->nextp == nullptr) {
      mp->stopped_locked = true;
      sched->nmidlelocked++;
      FallIdle(mp);
      watch = CheckDead(sched);
    }
  }
  SleepAndWatch(sched, &mp->park, watch);
  mp->park.Clear();
  P* pp;
  {
    os::LockGuard guard(sched->lock);
    if (mp->leave) return false;
    pp = mp->nextp;
    mp->nextp = nullptr;
  }
  if (ReadGStatus(mp->lockedg) != GStatus::kRunnable) {
    base::Throw("stoplockedm: not runnable");
  }
  AcquireP(pp);
  return true;
}

bool StartLockedM(G* gp) {
  M* mp = Getm();
  Sched* sched = mp->sched;
  {
    os::LockGuard guard(sched->lock);
    M* const locked = LockedM(sched, gp);
    if (locked == mp) base::Throw("startlockedm: locked to me");
    if (locked->nextp != nullptr) base::Throw("startlockedm: m has p");
    if (locked->leave) {
      // The runtime ends; nobody runs gp any more.
      GlobRunqPut(sched, gp);
      return true;
    }
    // Under the lock: ~Runtime wakes such Ms too. It may be on its way there.
    if (locked->stopped_locked) {
      locked->stopped_locked = false;
      sched->nmidlelocked--;
      RiseFromIdle(locked);
    }
    locked->nextp = ReleaseP();
    locked->park.Wakeup();
  }
  return StopM();
}

void Retire(Sched* sched, M* mp) {
  RemoveFromAllM(sched, mp);
  mp->alllink = sched->freem;
  sched->freem = mp;
  sched->nm--;
}

void MExit(M* mp) {
  Sched* sched = mp->sched;
  HandoffP(sched, ReleaseP());
  if (mp == sched->m0) {
    mp->dies = false;
    mp->lockedext = 0;
    WaitForMain(sched);
    return;
  }
  os::LockGuard guard(sched->lock);
  Retire(sched, mp);
  if (CheckDead(sched)) {
    // Nobody else would watch.
    sched->dead_suspected.store(true, std::memory_order_relaxed);
    WakeSysmon(sched, /*any_sleep=*/true);
  }
}

void FreeMs(Sched* sched, bool wait) {
  // Nobody takes Ps meanwhile: a taker looks at Ms without sched.lock.
  os::LockGuard guard(sched->steal_lock);
  while (M* mp = NextToFree(sched, wait)) {
    JoinM(mp);
    delete mp;
  }
}

}  // namespace heddle::sched
