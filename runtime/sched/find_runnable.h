// Where the next goroutine comes from.
//
//   world stopping, run over?   the M stops
//   each 61st tick              the global queue or what has yielded on this P,
//                               for fairness
//   this P's timers             what is due goes to its queue
//   this P's queue              runnext first
//   the global queue            this P's share
//   what has yielded here       as much
//   other Ps' queues            half of one, in random order, four rounds; what
//                               is in runnext, or due by their timers, only in
//                               the last
//   once more under the lock    then the P is given up
//   once more all queues        if the M was spinning: see m_lifecycle.h
//   all timers                  sleeps until the first is due, if nobody does
//
// Source: Go 1.21's findRunnable, stealWork, checkRunqsNoP, gcstopm.

#ifndef RUNTIME_SCHED_FIND_RUNNABLE_H_
#define RUNTIME_SCHED_FIND_RUNNABLE_H_

#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// With so many goroutines behind a P's own queue, their stacks are not in a
// core's own caches, and are fetched ahead.
inline constexpr int32_t kColdStacks = 2048;

// Finds a goroutine for mp, the calling M, which has a P; sleeps until there is
// one. On return mp may have another P. A null gp: mp is to leave the
// scheduler, and has no P.
Found FindRunnable(M* mp);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_FIND_RUNNABLE_H_
