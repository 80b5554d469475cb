// CheckDead: what to do when no M runs anything any more. Either everything is
// finished, and Run returns; or somebody outside the runtime will make a
// goroutine runnable; or nobody ever will, a deadlock.
//
// Who may: any thread of the process that is awake, through Runtime::Go, a
// Mutex, a WaitGroup; a goroutine of another runtime; a goroutine in a blocking
// call, but its M is not idle then. So with DeadlockCheck::kAuto it is a
// deadlock if all threads of the process are runtimes' that sleep
// (os/quiet_threads.h). That takes a look into /proc, which must not be paid
// for each time that all is quiet for a moment, and while other threads live
// the answer may change without a word: so the M that went to sleep last
// watches. It looks after 10 ms, and again in growing pauses, up to 5 s, until
// it is woken.
//
// `wakers` are for timers and pollers: what wakes goroutines and is no thread.
//
// Source: Go 1.21's checkdead. The count of goroutines that Go gets by walking
// all of them is here the difference of the Ps' counters: nobody writes them
// while all Ms sleep. To spawn and to finish thus cost no shared counter.

#ifndef RUNTIME_SCHED_CHECK_DEAD_H_
#define RUNTIME_SCHED_CHECK_DEAD_H_

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// To be called whenever the number of Ms that may run something has gone down.
// True if there may be a deadlock, or come to be one: somebody should call
// RecheckDead from time to time, as SleepAndWatch does.
bool CheckDead(Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Looks again; ends the process if it is a deadlock, else as CheckDead. From
// any thread; what it sees may be over when it returns.
bool RecheckDead(Sched* sched) ABSL_LOCKS_EXCLUDED(sched->lock);

// note->Sleep(), for a thread that has entered the quiet ones; if `watch`, what
// CheckDead said to it, with looks for a deadlock meanwhile.
void SleepAndWatch(Sched* sched, os::Note* note, bool watch);

// System goroutines do not keep a Run waiting, also those that run, or block
// their thread. To be asked before mp runs one, gp: false if no others are left
// and the Run is over, or now ends by this; gp is to wait for the next. If
// true, gp becomes mp's curg (but m0's, which runs none), so that the runtime's
// end can tell that it runs. Takes sched.lock.
bool MayRunSystemG(M* mp, G* gp);

// Ends the Run that is under way: m0 is told to leave, if it sleeps.
void FinishRun(Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_CHECK_DEAD_H_
