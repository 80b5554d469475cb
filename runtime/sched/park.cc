#include "heddle/runtime/sched/park.h"

#include "heddle/runtime/base/prefetch.h"
#include "heddle/runtime/sched/direct.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/invariants.h"
#include "heddle/runtime/sched/leave_hook.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/park_inline.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/switch.h"
#include "heddle/runtime/sched/tracking.h"

namespace heddle::sched {
namespace {

using park_internal::BeginWait;
using park_internal::DropG;
using park_internal::Park;
using park_internal::Then;

void ParkM(M* mp, G* gp) {
  bool (*unlockf)(G*, void*) = mp->waitunlockf;
  void* lock = mp->waitlock;
  mp->waitunlockf = nullptr;
  mp->waitlock = nullptr;
  BeginWait(mp, gp, lock);
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

// gp yields, and goes behind all others. kDirect: another one runs already.
template <bool kDirect>
HEDDLE_INLINE void GoschedM(M* mp, G* gp) {
  Sched* sched = mp->sched;
  P* pp = mp->p;
  gp->m = nullptr;
  if (!kDirect) DropG(mp, gp);
  // If not, this M takes gp, or what comes before it, itself.
  const bool others = kDirect || !pp->QueuesEmpty();
  TrackRunnable(gp);
  CasGStatus(gp, GStatus::kRunning, GStatus::kRunnable);
  CheckQueueable(gp);
  // If none waits elsewhere the tail of this queue is behind all.
  const bool queued = WaitBehind(sched, pp) == 0 &&
                      !(pp->nurses && !pp->nursery.Empty()) &&
                      pp->runq.TryPutTail(gp);
  if (!queued) {
    // With a random order no switch is direct.
    if (kDirect || !sched->options.randomize) {
      pp->yielded.Put(gp);
    } else {
      os::LockGuard guard(sched->lock);
      GlobRunqPut(sched, gp);
    }
  }
  if (others) WakeP(sched, pp);
}

}  // namespace

bool Deterministic() {
  const G* gp = Getg();
  return gp != nullptr && gp->home->deterministic;
}

void Gopark(bool (*unlockf)(G* gp, void* lock), void* lock, WaitReason reason) {
  G* gp = Getg();
  M* mp = Getm();
  mp->waitunlockf = unlockf;
  mp->waitlock = lock;
  Park(mp, gp, reason, Then<ParkM>());
}

void GoparkUnlock(os::SpinLock* lock, WaitReason reason) {
  ParkHere(Getg(), lock, reason);
}

void GoparkUnlock(os::Lock* lock, WaitReason reason) {
  Gopark(
      [](G*, void* held) ABSL_NO_THREAD_SAFETY_ANALYSIS {
        static_cast<os::Lock*>(held)->unlock();
        return true;
      },
      lock, reason);
}

namespace park_internal {

void ReadyFromOutside(M* mp, G* gp) {
  Sched* sched = gp->home;
  const Visit visit(sched, mp);
  TrackReady(sched, gp);
  CasGStatus(gp, GStatus::kWaiting, GStatus::kRunnable);
  SubmitFromOutside(sched, mp, gp);
}

}  // namespace park_internal

void Goready(G* gp) {
  M* mp = Acquirem();
  ReadyHere(mp, gp);
  Releasem(mp);
}

void GoreadyBatch::Add(G* gp) {
  const RaceScope not_looked_at;
  // Where many wait for one thing they have mostly come one after the other,
  // and lie side by side: a list of them cannot be read ahead, but this can.
  // Not for a few, as what lies there may be another P's.
  constexpr int32_t kMany = 16;
  constexpr size_t kAhead = 8 * sizeof(G);
  if (n_ >= kMany) {
    base::PrefetchForWrite(reinterpret_cast<uintptr_t>(gp) + kAhead, 1);
  }
  Sched* sched = gp->home;
  if (sched->options.randomize) return Goready(gp);
  if (n_ > 0 && ready_.front()->home != sched) Flush();
  if (n_ == 0) visit_.emplace(sched, Getm());
  TrackReady(sched, gp);
  CasGStatus(gp, GStatus::kWaiting, GStatus::kRunnable);
  ready_.PushBack(gp);
  if (++n_ == kMost) Flush();
}

void GoreadyBatch::Flush() {
  const RaceScope not_looked_at;
  if (n_ > 0) SubmitAll(ready_.front()->home, &ready_, n_);
  n_ = 0;
  visit_.reset();
}

void Gosched() { GoschedOf(Getg()); }

void GoschedOf(G* gp) {
  M* mp = AcquiremOf(gp);
  CallLeaveHook(gp, Leaving::kYields);
  CheckLeaves();
  if (G* next = GoOn(mp, gp); next != nullptr) {
    SwitchToNext(mp, gp, next, Then<GoschedM</*kDirect=*/true>>());
  } else if (!AloneOnP(mp, gp)) {
    Mcall(Then<GoschedM</*kDirect=*/false>>::Fn);
  }
  ReleasemOf(gp);
}

}  // namespace heddle::sched
