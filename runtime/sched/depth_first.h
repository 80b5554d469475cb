// Depth first: which of its goroutines that have not begun a P takes next.
//
// In order, as Go does, a tree of goroutines that wait for their children is
// begun level by level: before the first leaf ends, most of the others are
// alive, each with a stack. A million of them miss the caches and the TLB at
// each step: 600 ns for a goroutine of fib(32), where one of fib(12) takes 150.
// With the newest first, as in work stealing, what is alive is what is on the
// way to one leaf, for each P; and thieves take the oldest, which are the
// largest parts.
//
// So a P counts the goroutines that began on it, less those that ended on it.
// From kDepthFirst on those that have not begun are kept apart:
//
//   runnext ─┐
//   runq    ─┼─▶ the oldest that has begun          mostly, if there is one
//   nursery ─┴─▶ the newest that has not            else, and each fourth time;
//                                                   the oldest, if that was not
//                                                   for kOldestNs
//
// A goroutine that has begun holds memory, and gives it back if it is let run
// to its end; that one more begins can wait a little. The oldest is the root of
// the largest part that is left: were it taken by a count of turns, more would
// be begun than is brought to its end. When the P is out of work it counts from
// 0, and what is left in the nursery then goes in order.
//
// Not with Options::randomize, which wants another order anyhow.
//
// Source: depth-first execution of a task's own children is Cilk's (Blumofe and
// Leiserson, "Scheduling Multithreaded Computations by Work Stealing"), and
// what bounds its memory. Go has no such thing.

#ifndef RUNTIME_SCHED_DEPTH_FIRST_H_
#define RUNTIME_SCHED_DEPTH_FIRST_H_

#include <cstdint>

#include "absl/base/optimization.h"
#include "heddle/runtime/sched/p.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

inline constexpr int32_t kDepthFirst = 128;
// Each so many-th turn is the nursery's.
inline constexpr uint32_t kNurseryTick = 4;
// A time slice.
inline constexpr int64_t kOldestNs = TimeSlice::kNs;

// All are for pp's owner.

inline bool GoesDepthFirst(const P* pp) {
  return ABSL_PREDICT_FALSE(pp->begun >= kDepthFirst);
}

// A goroutine begins on pp.
inline void CountBegun(P* pp) {
  if (++pp->begun == kDepthFirst) pp->nurses = true;
}

// Whether what goes first in pp's runq belongs into the nursery: it came there
// before pp went depth first, or from elsewhere. (What comes by way of the
// global queue while the nursery is not in use stays in order: side by side in
// memory, mostly.)
bool WantsSorting(const P* pp);

// Moves what is so to the nursery. On g0, without a lock.
void Sort(Sched* sched, P* pp);

// As Runq::Get, where there may be more than runq.
RunqGetResult<G> GetOfBoth(const Sched* sched, P* pp);

// As Runq::Get, of all that pp has.
inline RunqGetResult<G> GetFrom(const Sched* sched, P* pp) {
  if (ABSL_PREDICT_FALSE(pp->nurses)) return GetOfBoth(sched, pp);
  return pp->runq.Get();
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_DEPTH_FIRST_H_
