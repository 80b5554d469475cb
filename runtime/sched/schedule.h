// The scheduler's loop: find a goroutine, run it until it gives the thread back,
// do what it asked for, again.
//
// Unlike Go's schedule(), which never returns, the loop is a loop: a switch to a
// goroutine (Execute) returns when the goroutine calls Mcall, with the function
// that is to run here, on g0. C++ frames cannot be abandoned: they have
// destructors, and the sanitizers' shadow.
//
// Source: Go 1.21's schedule, findRunnable, execute, stealWork, resetspinning,
// checkRunqsNoP, gcstopm.

#ifndef RUNTIME_SCHED_SCHEDULE_H_
#define RUNTIME_SCHED_SCHEDULE_H_

#include "runtime/sched/sched.h"

namespace heddle::sched {

// Go looks at the global queue before a P's own on each tick that this divides:
// two goroutines that keep readying each other would own the P for ever
// otherwise. 61: a prime, so that it falls in step with nothing.
inline constexpr uint32_t kGlobalQueueTick = 61;

// Schedules on the calling M, which has a P, until the M is to leave: m0 when
// Run is done, the others when the runtime ends. The M has no P then.
void ScheduleLoop();

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SCHEDULE_H_
