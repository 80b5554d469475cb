// The global run queue: what a full P overflows to, what yields, and what
// threads without a P make runnable. Each P takes its share from it.
//
// Source: Go 1.21's globrunqput, globrunqputbatch, globrunqget.

#ifndef RUNTIME_SCHED_GLOBRUNQ_H_
#define RUNTIME_SCHED_GLOBRUNQ_H_

#include <cstdint>

#include "absl/base/optimization.h"
#include "absl/base/thread_annotations.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/sched/depth_first.h"
#include "heddle/runtime/sched/invariants.h"
#include "heddle/runtime/sched/p.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// Go looks at the global queue before a P's own on each tick that this divides:
// two goroutines that keep readying each other would own the P for ever
// otherwise. 61: a prime, so that it falls in step with nothing.
inline constexpr uint32_t kGlobalQueueTick = 61;

// How many wait until pp has run what is in its own queue: a guess.
inline int32_t WaitBehind(const Sched* sched, const P* pp) {
  return sched->runqsize.load(std::memory_order_relaxed) +
         static_cast<int32_t>(pp->yielded.size());
}

// Puts gp at the tail.
void GlobRunqPut(Sched* sched, G* gp)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Puts the n goroutines of `batch` at the tail, in order; empties the batch.
void GlobRunqPutBatch(Sched* sched, GQueue<G>* batch, int32_t n)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// The same at the head.
void GlobRunqPutHeadBatch(Sched* sched, GQueue<G>* batch, int32_t n)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Takes pp's fair share, at most `max` if that is above 0: returns the first
// of it, null when the queue is empty, and puts the rest on pp's own queue.
// The caller owns pp.
G* GlobRunqGet(Sched* sched, P* pp, int32_t max)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Makes gp runnable on pp, which the caller owns: runnext, or the tail.
// Overflows to the global queue. (runqput)
void RunqPut(Sched* sched, P* pp, G* gp, bool next);

// Puts gp at the tail, or into the nursery. (depth_first.h)
void RunqPutTail(Sched* sched, P* pp, G* gp);

// For pp, whose queue is empty: its share of the global queue, and what has
// yielded on pp and not after that. Returns the first, null if there is none,
// and puts the rest on pp's own queue. The caller owns pp.
G* RunqGetMore(Sched* sched, P* pp);

// The oldest of the same; of both in turn, as the caller asks again and again
// while pp's own queue is never empty.
G* RunqGetOldest(Sched* sched, P* pp);

// RunqPut as runnext, in the caller's code, where the order is not random.
HEDDLE_INLINE void RunqPutNextInOrder(Sched* sched, P* pp, G* gp) {
  CheckQueueable(gp);
  CheckOwned(pp);
  G* const kicked = pp->runq.SwapNext(gp);
  if (kicked == nullptr) return;
  if (pp->begun >= kDepthFirst || !pp->runq.TryPutTail(kicked)) {
    RunqPutTail(sched, pp, kicked);
  }
}

// The same in any order.
inline void RunqPutNext(Sched* sched, P* pp, G* gp) {
  if (ABSL_PREDICT_FALSE(sched->options.randomize)) {
    RunqPut(sched, pp, gp, /*next=*/true);
  } else {
    RunqPutNextInOrder(sched, pp, gp);
  }
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GLOBRUNQ_H_
