// Timers of a runtime: a heap for each P (timer.h), and who looks after it.
//
//   its P's M          at each turn of the scheduler: one load if there is none
//   idle Ms            in the last round of stealing, from all Ps
//   the poller         the one idle M that sleeps until the earliest of all
//                      (poll.h), and is told of one that is earlier still
//   sysmon             finds what all of these miss: a P whose goroutine does
//                      not come back has its P taken (retake.h), a timer that
//                      nobody sleeps for gets somebody
//
// What is due is taken out in batches, the Gs fetched into the cache on the
// way, and readied together, into the queue of the P that looked.
//
// A timer is put into the heap of the caller's P; of a caller that has none (in
// Blocking, its P taken) into P 0's. A plain thread puts it into that of P 0 of
// its maker's runtime or, if that has ended or there was none, into that of the
// plain threads (thread_timers.h).
//
// Source: Go 1.21's time.go (timeSleep, resetForSleep, addtimer, deltimer,
// modtimer, resettimer, runtimer, timeSleepUntil), checkTimers. Differences:
// see timer.h; a sleeper is a G in the heap and no timer; adding one wakes
// nobody if it is so far off that sysmon is in time to see to it.

#ifndef RUNTIME_SCHED_TIMERS_H_
#define RUNTIME_SCHED_TIMERS_H_

#include <cstdint>

#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/timer.h"

namespace heddle::sched {

// `now` + `ns`; kNeverDue - 1 if that is beyond all times.
constexpr int64_t TimeAfter(int64_t now, int64_t ns) {
  if (ns <= 0) return now;
  return ns < kNeverDue - 1 - now ? now + ns : kNeverDue - 1;
}

// os::Nanotime(), or a few microseconds later, for who then says when a timer
// is due.
inline int64_t TimeForTimers() {
  M* mp = Getm();
  return mp == nullptr ? os::Nanotime() : mp->recent_time.NowOrLater();
}

// Parks the calling goroutine, which can park, until `when`. (timeSleep)
void SleepUntil(int64_t when);

// Arms `timer` for `when`, which is not kNeverDue, and then every `period`
// nanoseconds, if that is not 0; it may be armed already. `now` is about the
// time. True if it was armed. From any thread that holds no runtime lock of
// kSched or above. (resettimer, modtimer)
bool ArmTimer(Timer* timer, int64_t when, int64_t period, int64_t now);

// Disarms it. False if it was not armed: `fire` has been called, or is just
// being called. As ArmTimer. (deltimer)
bool DisarmTimer(Timer* timer);

// When the earliest timer of all of sched's Ps is due; kNeverDue if there is
// none. (timeSleepUntil)
int64_t EarliestTimer(const Sched* sched);

// Whether a timer for `when` is due so soon that sysmon's next look may be too
// late: it looks every 10 ms at least while a P is busy.
constexpr bool TimerIsNear(int64_t when, int64_t now) {
  constexpr int64_t kSysmonIsInTime = 20'000'000;
  return when - now < kSysmonIsInTime;
}

// Does what is due at `now` in `timers`, up to a batch, on the calling M, which
// is on g0 and has a P of sched's: goroutines are put into its queue. True if
// anything was due. (checkTimers, runtimer)
bool RunTimers(M* mp, Timers* timers, int64_t now);

// The same for mp's P, unless that has enough to run as it is.
void RunOwnTimers(M* mp);

// The same for all Ps' timers.
bool RunAllTimers(M* mp, int64_t now);

// RunTimers for the plain threads': on the calling thread.
bool RunThreadTimers(Timers* timers, int64_t now);

// Moves all of `from` to `to`. The world is stopped. (moveTimers)
void MoveTimers(Timers* from, Timers* to);

// Disarms all that is left in `timers`, of a runtime that ends. What a timer's
// last reference takes with it may do what it likes with other timers.
void DropTimers(Timers* timers);

// One look of sysmon's: sees to it that somebody sleeps for a timer that is due
// soon, if there is a P for him.
void SysmonTimers(Sched* sched, int64_t now);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_TIMERS_H_
