#include "runtime/sched/park.h"

#include "runtime/base/throw.h"
#include "runtime/sched/direct.h"
#include "runtime/sched/globrunq.h"
#include "runtime/sched/invariants.h"
#include "runtime/sched/leave_hook.h"
#include "runtime/sched/m_lifecycle.h"
#include "runtime/sched/race.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/switch.h"
#include "runtime/sched/tracking.h"

namespace heddle::sched {
namespace {

// Cuts the tie between gp, which has stopped, and its M, mp. That may have gone
// on with another one by a direct switch. (dropg)
void DropG(M* mp, G* gp) {
  gp->m = nullptr;
  if (mp->curg == gp) mp->curg = nullptr;
}

void ParkM(G* gp) {
  M* mp = Getg()->m;
  bool (*unlockf)(G*, void*) = mp->waitunlockf;
  void* lock = mp->waitlock;
  mp->waitunlockf = nullptr;
  mp->waitlock = nullptr;
  DropG(mp, gp);
  gp->waitsince = mp->sched->coarse_now.load(std::memory_order_relaxed);
  TrackStopped(gp);
  TrackWaiting(gp);
  CasGStatus(gp, GStatus::kRunning, GStatus::kWaiting);
  if (unlockf != nullptr && !unlockf(gp, lock)) {
    TrackReady(gp->home, gp);
    CasGStatus(gp, GStatus::kWaiting, GStatus::kRunnable);
    if (Getg() == &mp->g0 && mp->found.gp == nullptr) {
      mp->resume = gp;
    } else {
      Submit(mp->sched, gp);
    }
  }
}

[[gnu::noinline]] void PutBehindAll(Sched* sched, P* pp, G* gp) {
  if (!sched->options.randomize) return pp->yielded.Put(gp);
  os::LockGuard guard(sched->lock);
  GlobRunqPut(sched, gp);
}

// gp yields, and goes behind all others.
void GoschedM(G* gp) {
  M* mp = Getg()->m;
  Sched* sched = mp->sched;
  P* pp = mp->p;
  DropG(mp, gp);
  // If not, this M takes gp, or what comes before it, itself.
  const bool others = mp->curg != nullptr || !pp->QueuesEmpty();
  TrackStopped(gp);
  TrackRunnable(gp);
  CasGStatus(gp, GStatus::kRunning, GStatus::kRunnable);
  CheckQueueable(gp);
  // If none waits elsewhere the tail of this queue is behind all.
  const bool queued = WaitBehind(sched, pp) == 0 &&
                      !(pp->nurses && !pp->nursery.Empty()) &&
                      pp->runq.TryPutTail(gp);
  if (!queued) PutBehindAll(sched, pp, gp);
  if (others) WakeP(sched);
}

}  // namespace

bool Deterministic() {
  const G* gp = Getg();
  return gp != nullptr && gp->home->deterministic;
}

void Gopark(bool (*unlockf)(G* gp, void* lock), void* lock, WaitReason reason) {
  G* gp = Getg();
  M* mp = gp->m;
  if (mp->gate.locks() != 1) base::Throw("gopark: holding locks");
  CheckParks();
  mp->waitunlockf = unlockf;
  mp->waitlock = lock;
  gp->waitreason.store(reason, std::memory_order_relaxed);
  CallLeaveHook(gp, Leaving::kParks);
  if (G* next = GoOn(mp, gp); next != nullptr) {
    SwitchToNext(mp, gp, next, ParkM);
  } else {
    Mcall(ParkM);
  }
}

void GoparkUnlock(os::Lock* lock, WaitReason reason) {
  Gopark(
      [](G*, void* held) ABSL_NO_THREAD_SAFETY_ANALYSIS {
        static_cast<os::Lock*>(held)->unlock();
        return true;
      },
      lock, reason);
}

void Goready(G* gp) {
  const RaceScope not_looked_at;
  Sched* sched = gp->home;
  TrackReady(sched, gp);
  CasGStatus(gp, GStatus::kWaiting, GStatus::kRunnable);
  Submit(sched, gp);
}

void GoreadyBatch::Add(G* gp) {
  const RaceScope not_looked_at;
  Sched* sched = gp->home;
  if (sched->options.randomize) return Goready(gp);
  if (n_ > 0 && ready_.front()->home != sched) Flush();
  TrackReady(sched, gp);
  CasGStatus(gp, GStatus::kWaiting, GStatus::kRunnable);
  ready_.PushBack(gp);
  n_++;
}

void GoreadyBatch::Flush() {
  const RaceScope not_looked_at;
  if (n_ > 0) SubmitAll(ready_.front()->home, &ready_, n_);
  n_ = 0;
}

void Gosched() {
  M* mp = Acquirem();
  G* gp = Getg();
  CallLeaveHook(gp, Leaving::kYields);
  CheckLeaves();
  if (G* next = GoOn(mp, gp); next != nullptr) {
    SwitchToNext(mp, gp, next, GoschedM);
  } else if (!AloneOnP(mp, gp)) {
    Mcall(GoschedM);
  }
  Releasem(Getg()->m);
}

}  // namespace heddle::sched
