// Gopark and Goready in the code of their callers: for channels, whose parks
// and wake-ups are most of what they cost.
//
// A goroutine that goes on returns through frames that another one's calls have
// taught the processor to predict: wherever the two parked in different
// functions, each return from there up to the user's code is predicted wrongly,
// at 4 to 5 ns. So the fewer frames there are between the user's code and the
// switch, the better.
//
// The contracts are those of park.h.

#ifndef RUNTIME_SCHED_PARK_INLINE_H_
#define RUNTIME_SCHED_PARK_INLINE_H_

#include "absl/base/optimization.h"
#include "absl/base/thread_annotations.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/spin_lock.h"
#include "heddle/runtime/sched/direct.h"
#include "heddle/runtime/sched/invariants.h"
#include "heddle/runtime/sched/leave_hook.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/switch.h"
#include "heddle/runtime/sched/tracking.h"
#include "heddle/runtime/sched/wait_reason.h"

namespace heddle::sched {
namespace park_internal {

// mp runs gp, which has stopped, no more. It may have gone on with another one
// by a direct switch. (half of dropg)
inline void DropG(M* mp, const G* gp) {
  if (mp->curg == gp) mp->curg = nullptr;
}

// gp, which has stopped on mp, waits from now on, and may be readied once that
// is committed, which is told `waits_at`.
HEDDLE_INLINE void BeginWait(M* mp, G* gp, void* waits_at) {
  DropG(mp, gp);
  gp->waits_at = waits_at;
  gp->waitsince = mp->sched->coarse_now.load(std::memory_order_relaxed);
  TrackWaiting(gp);
  CasGStatus(gp, GStatus::kRunning, GStatus::kWaiting);
}

// What is done with who has stopped, as a G0Function and for SwitchToNext.
template <void (*kThen)(M*, G*)>
struct Then {
  static void Fn(G* gp) { kThen(Getm(), gp); }
  HEDDLE_INLINE void operator()(M* mp, G* gp) const { kThen(mp, gp); }
};

// ParkM whose commit is kUnlock, and always succeeds.
template <typename Lock, void (*kUnlock)(Lock*)>
HEDDLE_INLINE void ParkMUnlock(M* mp, G* gp) {
  auto* lock = static_cast<Lock*>(mp->waitlock);
  BeginWait(mp, gp, lock);
  kUnlock(lock);
}

// ReadyHere without a P of gp's runtime.
void ReadyFromOutside(M* mp, G* gp);

inline void Unlock(os::SpinLock* lock) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  lock->unlock();
}

// Stops gp, the calling goroutine, on mp, and has ParkM commit that.
template <typename ParkM>
HEDDLE_INLINE void Park(M* mp, G* gp, WaitReason reason, ParkM park_m) {
  if (ABSL_PREDICT_FALSE(mp->gate.locks() != 1)) {
    base::Throw("gopark: holding locks");
  }
  CheckParks();
  gp->waitreason.store(reason, std::memory_order_relaxed);
  CallLeaveHook(gp, Leaving::kParks);
  if (G* next = GoOn(mp, gp); next != nullptr) {
    SwitchToNext(mp, gp, next, park_m);
  } else {
    Mcall(ParkM::Fn);
  }
}

}  // namespace park_internal

// Parks gp, the calling goroutine, which can park, until it is readied.
// kUnlock(lock) is the commit: it releases what gp was published under.
template <typename Lock, void (*kUnlock)(Lock*)>
HEDDLE_INLINE void ParkHere(G* gp, Lock* lock, WaitReason reason) {
  M* mp = Getm();
  mp->waitlock = lock;
  park_internal::Park(
      mp, gp, reason,
      park_internal::Then<park_internal::ParkMUnlock<Lock, kUnlock>>());
}

// The same with a SpinLock. (goparkunlock)
HEDDLE_INLINE void ParkHere(G* gp, os::SpinLock* lock, WaitReason reason) {
  ParkHere<os::SpinLock, park_internal::Unlock>(gp, lock, reason);
}

// Makes gp, which waits, runnable, for a caller that is inside the runtime on
// mp, or runs on a thread that is no M (null). (ready)
HEDDLE_INLINE void ReadyHere(M* mp, G* gp) {
  Sched* sched = gp->home;
  P* pp = CurrentP(sched, mp);
  if (ABSL_PREDICT_FALSE(pp == nullptr)) {
    return park_internal::ReadyFromOutside(mp, gp);
  }
  TrackReady(sched, gp);
  CasGStatus(gp, GStatus::kWaiting, GStatus::kRunnable);
  SubmitOnP(sched, pp, gp);
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_PARK_INLINE_H_
