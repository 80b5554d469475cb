// Goroutines that are locked to their thread, and the end of an M.
//
// A locked G runs on its M alone, and the M runs nothing else. When the G is
// parked or queued, its M hands its P off and sleeps (StopLockedM); whoever
// finds the G runnable gives that M its own P, and goes to sleep
// (StartLockedM). So each switch to a locked goroutine is a switch of threads.
// One that waits for a P at the gate (syscall.h) is locked for so long.
//
// A G that ends while it is locked may have left its thread in a state that
// nobody else should inherit: the thread ends as well (MExit). Its M goes on
// the list sched.freem, for the thread still stands on the g0 stack: both are
// freed once the thread is off for good (Go's freeWait; here the system says
// so, os::OsThreadExited). m0's thread is not ours to end: it waits for the end
// of Run.
//
// Source: Go 1.21's LockOSThread, UnlockOSThread, stoplockedm, startlockedm,
// mexit, and the freeing of Ms in allocm.

#ifndef RUNTIME_SCHED_LOCKED_M_H_
#define RUNTIME_SCHED_LOCKED_M_H_

#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// The calling goroutine keeps its thread for itself until as many calls of
// UnlockOsThread. Nothing on a thread that runs none. (LockOSThread)
void LockOsThread();

// Undoes one LockOsThread; does nothing if there is none. (UnlockOSThread)
void UnlockOsThread();

// On g0 of an M with a locked G: sleeps until that G is to run, and has a P
// then. False: the M is to leave. (stoplockedm)
bool StopLockedM(M* mp);

// Gives gp, runnable and locked to another M, the calling M's P, and sleeps
// until it gets one again. False: the calling M is to leave. (startlockedm)
bool StartLockedM(G* gp);

// Takes mp, whose thread ends, from the list of all Ms to that of those to be
// freed: it counts no more.
void Retire(Sched* sched, M* mp) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// mp, the calling M, runs no more: its P goes on elsewhere, and the thread ends
// when its function returns. m0 comes back when the run is over. (mexit)
void MExit(M* mp);

// Frees the Ms on sched.freem whose threads have ended; with `wait`, all. Takes
// locks of every rank from steal_lock on.
void FreeMs(Sched* sched, bool wait);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_LOCKED_M_H_
