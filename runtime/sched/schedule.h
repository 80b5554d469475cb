// The scheduler's loop: find a goroutine, run it until it gives the thread
// back, do what it asked for, again.
//
// Unlike Go's schedule(), which never returns, the loop is a loop: a switch to
// a goroutine (Execute) returns when the goroutine calls Mcall, with the
// function that is to run here, on g0. C++ frames cannot be abandoned: they
// have destructors, and the sanitizers' shadow.
//
// Source: Go 1.21's schedule, findRunnable, execute, stealWork, resetspinning,
// checkRunqsNoP, gcstopm.

#ifndef RUNTIME_SCHED_SCHEDULE_H_
#define RUNTIME_SCHED_SCHEDULE_H_

#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// Schedules on the calling M, which has a P, until the M is to leave: m0 when
// Run is done, the others when the runtime ends. The M has no P then.
void ScheduleLoop();

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SCHEDULE_H_
