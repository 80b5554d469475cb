// The timers of plain threads, which have no runtime: one heap for the process,
// and a thread that looks after it, made when the first timer is.
//
// It counts as quiet (os/quiet_threads.h) while there is no timer.

#ifndef RUNTIME_SCHED_THREAD_TIMERS_H_
#define RUNTIME_SCHED_THREAD_TIMERS_H_

#include <cstdint>

#include "heddle/runtime/sched/timer.h"

namespace heddle::sched {

// The heap; lives as long as the process.
Timers* ThreadTimers();

// Ends its thread's sleep if that lasts beyond `when`.
void WakeThreadTimers(int64_t when);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_THREAD_TIMERS_H_
