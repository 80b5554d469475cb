// Ps: giving them to Ms and taking them back, the idle list, their number.
//
// Source: Go 1.21's acquirep, releasep, pidleput, pidleget, pidlegetSpinning,
// procresize.

#ifndef RUNTIME_SCHED_P_LIFECYCLE_H_
#define RUNTIME_SCHED_P_LIFECYCLE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/sched/p.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// Gives pp, which is idle and nobody's, to the calling M. (acquirep)
void AcquireP(P* pp);

// Takes the calling M's P away from it; the caller decides what becomes of it.
// (releasep)
P* ReleaseP();

// Puts pp, nobody's and with an empty run queue, on the idle list.
void PidlePut(Sched* sched, P* pp) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Puts pp on the idle list or, if the world is being stopped, counts it as
// stopped. False in that case.
bool PidlePutOrStop(Sched* sched, P* pp)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Counts pp, nobody's, as stopped. (the end of gcstopm)
void GcStopP(Sched* sched, P* pp) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Takes a P off the idle list; null when there is none.
P* PidleGet(Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// As PidleGet, for a caller that is or starts a spinning M. When there is no
// idle P, whoever gives one up is told to look again. (pidlegetSpinning)
P* PidleGetSpinning(Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// A P of `sched` with this number, in no state yet. Throws std::bad_alloc.
P* NewP(Sched* sched, int32_t id);
// Its caches are empty, and its timers dropped.
void DeleteP(P* pp);

// What ProcResize(n) may need, made before the world is stopped: what throws
// then would leave it stopped for ever.
class SparePs {
 public:
  // Throws std::bad_alloc. n is 1 to kMaxProcs.
  SparePs(Sched* sched, int32_t n);

 private:
  friend P* ProcResize(Sched* sched, int32_t n, SparePs* spare);
  struct Delete {
    void operator()(P* pp) const { DeleteP(pp); }
  };

  // Those that were missing, with rising numbers.
  std::vector<std::unique_ptr<P, Delete>> ps_;
  RandomOrder steal_order_;
};

// The number of Ps becomes n, 1 to kMaxProcs. The world is stopped, or has not
// begun. The caller's P, if it has one, is kept if its id is below n, else
// exchanged for P 0. Goroutines of Ps that go move to the head of the global
// queue, in order. Ps with work of their own are returned, linked by
// P::link; the other ones are on the idle list. `spare` was made for this n.
P* ProcResize(Sched* sched, int32_t n, SparePs* spare)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// A P by id, below gomaxprocs.
inline P* GetP(const Sched* sched, int32_t id) {
  // Acquire: pairs with the release in ProcResize; the P is built.
  return sched->allp[static_cast<size_t>(id)].load(std::memory_order_acquire);
}

// Whether a P has anything to run.
bool AnyQueued(const Sched* sched);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_P_LIFECYCLE_H_
