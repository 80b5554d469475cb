// Taking Ps from Ms that run user code, or a blocking call, and do not come
// back to the scheduler: sysmon's retake, and stopping the world. See gate.h
// for how, and for what the M notices.
//
//   what the M is in             loses its P after
//   Blocking(f)                  one look of sysmon's, 20 us to 10 ms, if there
//                                is work for the P; else 10 ms
//   user code that computes      10 ms, if there is work for the P; times
//                                1 + hogs / procs, see below; from procs + 2
//                                hogs on, 100 ms for each
//   user code that sleeps        10 ms, if there is work for the P
//
// A goroutine that computes without a P, a hog, takes CPU time from those that
// have one, and each P makes a new one in each time slice. So the slice grows
// with the number of hogs: a goroutine that becomes runnable waits as long as
// in a queue behind them, as in Go, and the number of threads stays bounded. A
// hog that is done with computing is one until it has a P again, as it keeps
// its thread till then. No P is taken for which there would be no thread. One
// that waits in a system call that nobody wrapped in Blocking takes no CPU
// time: the kernel's word for the thread's state tells the two apart.
//
// Source: Go 1.21's retake, preemptone, forcePreemptNS. Go tells a goroutine to
// yield; here the P goes and the thread stays.

#ifndef RUNTIME_SCHED_RETAKE_H_
#define RUNTIME_SCHED_RETAKE_H_

#include <cstdint>

#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// A time slice, in nanoseconds. (forcePreemptNS)
inline constexpr int64_t kForcePreemptNs = 10'000'000;

// Takes pp from its M, if that runs user code or a blocking call; then pp is
// nobody's, in the idle state and on no list. From any thread that holds
// neither sched.lock nor one of a higher rank.
bool TakeP(Sched* sched, P* pp);

// One look of sysmon's at all Ps; `now` is os::Nanotime(). Returns how many it
// took, and passed on. (retake)
int Retake(Sched* sched, int64_t now);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_RETAKE_H_
