// The poller: the one idle M of a runtime that does not sleep until it is woken
// but until the earliest timer is due. (A netpoller's wait takes the place of
// its note.)
//
// It has no P, is not on the list of idle Ms, and is not quiet
// (os/quiet_threads.h): it wakes by itself. When the time has come it takes an
// idle P and does what is due in all heaps; if no P is idle, those that have
// them look after their timers themselves.
//
// Nobody's sleep may be too long:
//
//   who adds a timer                 who becomes the poller
//   1. writes its heap's `next`      1. until = kNeverDue
//   2. until later than that: wakes  2. reads all `next`s, sleeps so long
//      the poller
//
// and of an adder that finds nobody in `until`, and the M that gives its P up:
//
//   who adds a timer                 who gives its P up
//   1. writes its heap's `next`      1. npidle + 1
//   2. until == 0, npidle != 0:      2. reads all `next`s: becomes the poller,
//      WakeP                            or wakes the one that sleeps too long
//
// All sequentially consistent: one of two who meet sees the other.
//
// Source: Go 1.21's findRunnable (pollUntil), wakeNetPoller, netpollBreak.
// There the poller, woken for an earlier timer, takes a P and starts from the
// top; here it sleeps again at once, as nothing is due.

#ifndef RUNTIME_SCHED_POLL_H_
#define RUNTIME_SCHED_POLL_H_

#include <cstdint>

#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

enum class Polled {
  kNot,    // it has no P: nothing to wait for, another one does, or no idle P
  kFound,  // it has a P, spins, and has run what was due
  kLeave,  // it is to leave the scheduler
};

// Becomes the poller, if there are timers and there is none. The calling M has
// no P and does not spin.
Polled PollTimers(M* mp);

// For BreakPoll: whenever it would end.
inline constexpr int64_t kAtOnce = 0;

// Ends the poller's sleep if that lasts beyond `when`. False if nobody polls.
// From any thread. (netpollBreak)
bool BreakPoll(Sched* sched, int64_t when);

// Sees to it that somebody is awake at `when`: the poller, or an M that is
// started for an idle P. From any thread that does not hold sched.lock or one
// of a higher rank. (wakeNetPoller)
void WakePoller(Sched* sched, int64_t when);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_POLL_H_
