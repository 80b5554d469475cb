// CheckDead: what to do when no M runs anything any more. Either everything is
// finished, and Run returns; or somebody outside the runtime will make a
// goroutine runnable.
//
// Source: Go 1.21's checkdead. The count of goroutines that Go gets by walking
// all of them is here the difference of the Ps' counters: nobody writes them
// while all Ms sleep. To spawn and to finish thus cost no shared counter.

#ifndef RUNTIME_SCHED_CHECK_DEAD_H_
#define RUNTIME_SCHED_CHECK_DEAD_H_

#include "absl/base/thread_annotations.h"
#include "runtime/sched/sched.h"

namespace heddle::sched {

// To be called whenever the number of Ms that may run something has gone down.
void CheckDead(Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Ends the Run that is under way: m0 is told to leave, if it sleeps.
void FinishRun(Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_CHECK_DEAD_H_
