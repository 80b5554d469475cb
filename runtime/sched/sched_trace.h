// What the scheduler is doing, in Go's words: the lines of schedtrace.
//
//   SCHED 1003ms: gomaxprocs=2 idleprocs=0 threads=4 spinningthreads=0
//     needspinning=0 idlethreads=1 runqueue=3 [0 2]
//
// (one line). In brackets: how many goroutines are in each P's ring, runnext
// not counted. In detail, a line for each P, M and goroutine follows instead,
// free ones too. docs/observability.md has real ones and says how to read them.
//
// The counts that sched.lock protects are of one moment; what else the Ps, Ms
// and Gs do goes on meanwhile, so lines may contradict each other.
//
// Fields of Go's that mean nothing here have the value that they have in an
// idle Go program: mallocing, throwing, dying, preemptoff. Of Ms,
// blocked is whether the M sleeps for want of work. A goroutine's m is the
// thread that it runs on, or nil.
//
// Source: Go 1.21's schedtrace.

#ifndef RUNTIME_SCHED_SCHED_TRACE_H_
#define RUNTIME_SCHED_SCHED_TRACE_H_

#include <cstdint>
#include <string>

#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// The lines about `sched` at `now_ns` (os::Nanotime()), each with its newline.
// From any thread that holds no runtime lock. Takes sched.lock for a moment;
// allocates.
std::string SchedTrace(Sched* sched, bool detailed, int64_t now_ns);

// Writes them to standard error, in one piece. For sysmon.
void PrintSchedTrace(Sched* sched, bool detailed);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SCHED_TRACE_H_
