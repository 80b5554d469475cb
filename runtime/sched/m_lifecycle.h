// Ms: waking or making one to run a P's goroutines, and putting idle ones to
// sleep.
//
// The spinning protocol (from the head of Go's proc.go). An M without work
// spins for a while, looking for some, so that work which turns up need not
// wake a thread. Nothing may be lost between a submitter that sees a spinning
// M and wakes nobody, and that M, which gives up:
//
//   submitter                      spinning M that gives up
//   1. writes a queue              1. nmspinning - 1
//   2. full fence                  2. full fence
//   3. nmspinning == 0: WakeP      3. reads all queues again
//
// and when it was the P that the submitter lacked:
//
//   submitter                      M that gives its P up
//   1. writes a queue              1. npidle + 1
//   2. needspinning = 1            2. full fence
//   3. npidle == 0: returns        3. needspinning == 1: takes a P, spins
//
// The counters and what is decided on them are in spinning.h, which is checked
// by a model (docs/models.md).
//
// Whoever finds work while it spins, and was the last to spin, calls WakeP: if
// there was one piece of work there may be more.
//
// Source: Go 1.21's wakep, startm, stopm, handoffp, newm, newm1, allocm,
// mcommoninit, mReserveID, mget, mput, mspinning.

#ifndef RUNTIME_SCHED_M_LIFECYCLE_H_
#define RUNTIME_SCHED_M_LIFECYCLE_H_

#include <cstdint>

#include "absl/base/optimization.h"
#include "absl/base/thread_annotations.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// Tries to get one more P going for work that the caller has just queued: if no
// M spins yet and a P is idle, a spinning M is started with it. From any
// thread. (wakep)
void WakeIdleP(Sched* sched);
inline void WakeP(Sched* sched) {
  // The caller has queued its work by a sequentially consistent store (Runq's
  // PutTail) or under the lock: see the protocol above.
  if (ABSL_PREDICT_FALSE(sched->WantSpinner())) WakeIdleP(sched);
}

// The same for who has queued it on pp, its own: not if there is no other P.
inline void WakeP(Sched* sched, const P* pp) {
  if (!pp->runq.alone()) WakeP(sched);
}

// Runs pp on some M, a sleeping one or a new one, which spins if `spinning`;
// the caller has then counted it in nmspinning and pp has no work of its own.
// pp null: an idle P if there is one. From any thread. (startm)
void StartM(Sched* sched, P* pp, bool spinning);

// Passes on pp, which is nobody's: to an M if there may be work, else to the
// idle list. (handoffp)
void HandoffP(Sched* sched, P* pp);

// Puts the calling M to sleep until somebody gives it a P. False if it was
// woken to leave the scheduler. On g0, without a P. (stopm)
bool StopM();

// Notes that mp, the calling M, is about to sleep, or is one of those that do
// nothing of themselves; and that the caller is about to wake mp, or mp ends.
// For reports and for the deadlock check.
void FallIdle(M* mp);
void RiseFromIdle(M* mp);

// Makes an M for the runtime itself, which never has a P: its thread runs
// fn(mp) and ends. It counts in nmsys.
M* NewSystemM(Sched* sched, void (*fn)(M*));

// Makes a new M with id `id`, from MReserveId, whose thread runs fn(mp) and
// then schedules with pp, if that is not null. Returns it. (newm)
M* NewM(Sched* sched, void (*fn)(M*), P* pp, int64_t id);

// Makes the M without its thread. (allocm, mcommoninit)
M* AllocM(Sched* sched, void (*fn)(M*), int64_t id);

// Makes its thread. (newm1)
void NewM1(M* mp);

// Whether mp's thread has been made and is off its stack for good. Under
// sched.lock.
bool ThreadHasEnded(const M* mp);

// Waits for the end of mp's thread, if it is not joined yet, and frees its
// stack. Once it was made to leave; takes sched.lock.
void JoinM(M* mp);

// Counts a new M and returns its id. The runtime's limit of threads is checked
// here: a breach is fatal. (mReserveID)
int64_t MReserveId(Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Puts mp, idle, on the list of idle Ms. True if it is to watch for a deadlock
// while it sleeps: see SleepAndWatch. (mput)
bool MPut(Sched* sched, M* mp) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Takes the M that went to sleep last; null when none sleeps. (mget)
M* MGet(Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock);

// Prepares mp for the calling thread: what is cached of the thread, and where
// it takes signals. (minit)
void MInit(M* mp);
// Undoes it, before the thread leaves mp. (unminit)
void Unminit(M* mp);

// The calling M spins from now on; it is not counted yet. (becomeSpinning)
void BecomeSpinning(M* mp);

// Counts one spinning M less; `who` asks, for the error. Sequentially
// consistent: the queues are read after it.
void LowerSpinning(Sched* sched, const char* who);

// Queues gp, which is runnable and on no list, and calls WakeP: the submitter
// of the protocol. From any thread: on one of gp's runtime that has a P it
// becomes that P's runnext, else it goes to the global queue.
void Submit(Sched* sched, G* gp);

// Submit's other case: gp goes to the global queue. The caller visits sched, if
// its thread is none of sched's: once gp is runnable, the runtime may end. A
// visit of its own would be too late for that: the end may have begun, and
// waits for the caller's.
void SubmitFromOutside(Sched* sched, M* mp, G* gp);

// Submit's usual case, in the caller's code: pp is the calling M's, and of gp's
// runtime.
HEDDLE_INLINE void SubmitOnP(Sched* sched, P* pp, G* gp) {
  RunqPutNext(sched, pp, gp);
  WakeP(sched, pp);
}

// Submit in the code of a caller that is inside the runtime on mp, or runs on a
// thread that is no M (null); with a Visit as for SubmitFromOutside.
HEDDLE_INLINE void SubmitOn(M* mp, Sched* sched, G* gp) {
  P* pp = CurrentP(sched, mp);
  if (ABSL_PREDICT_TRUE(pp != nullptr)) {
    SubmitOnP(sched, pp, gp);
  } else {
    SubmitFromOutside(sched, mp, gp);
  }
}

// Submit for n goroutines at once, in their order; they go to the tails of the
// queues. Empties `batch`. On a thread that is none of sched's, inside a Visit
// that began before they were runnable.
void SubmitAll(Sched* sched, GQueue<G>* batch, int32_t n);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_M_LIFECYCLE_H_
