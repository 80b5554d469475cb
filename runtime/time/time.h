// Time: Sleep, AfterFunc, Timer, Ticker, After.
//
//   heddle::Sleep(absl::Milliseconds(10));
//   heddle::Timer t = heddle::AfterFunc(absl::Seconds(1), [] { … });
//   for (absl::Time at : heddle::Ticker(absl::Seconds(1)).C()) …
//   heddle::Select(heddle::RecvFrom(ch, &v),
//                  heddle::RecvFrom(heddle::After(absl::Seconds(1)), &at));
//
// From goroutines and from plain threads. Durations that are infinite or beyond
// 292 years never end. What is due is never done early, and on an idle machine
// some tens of microseconds late. Pending timers keep neither a Run from ending
// nor a process; what they would have done is then dropped with the runtime
// (Sleep's goroutines are waited for). While there are any, no deadlock is
// reported.
//
// Timer and Ticker are handles: copies are one timer. Thread-safe.
//
// Source: Go 1.21's package time, sleep.go and tick.go. As there, and unlike Go
// 1.23: Stop and Reset leave a time that has been sent in the channel.

#ifndef RUNTIME_TIME_TIME_H_
#define RUNTIME_TIME_TIME_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "heddle/runtime/chan/chan.h"
#include "heddle/runtime/time/sleep.h"  // IWYU pragma: export

namespace heddle {

// Does one thing at a time to come: sends on a channel, or calls a function.
class Timer {
 public:
  // Sends the time on C() after `d`, at once if d <= 0. (NewTimer)
  explicit Timer(absl::Duration d);

  // Capacity 1; nil for AfterFunc's. Do not close it.
  const Chan<absl::Time>& C() const { return c_; }

  // Keeps it from what it has not begun to do. False if it has expired already,
  // or was stopped: then f has been started, or the time is sent, or either is
  // just being done. Does not wait for f. What is in the channel stays there:
  //
  //   if (!t.Stop()) t.C().Recv();   // if nobody else has received it
  bool Stop();

  // Has it expire after `d` from now, whether it had expired, or was stopped,
  // or neither. True if it was still to expire. What was sent before stays in
  // the channel; of an f that runs, another call may run beside it.
  bool Reset(absl::Duration d);

 private:
  friend Timer AfterFunc(absl::Duration d, absl::AnyInvocable<void()> f);
  Timer(std::shared_ptr<void> timer, Chan<absl::Time> c)
      : timer_(std::move(timer)), c_(std::move(c)) {}

  std::shared_ptr<void> timer_;  // a sched::Timer
  Chan<absl::Time> c_;
};

// Calls f() in a goroutine of its own after `d`, unless the timer is stopped.
// The timer may be dropped: f is called all the same. f is destroyed once
// nobody can have it called any more. On a plain thread: in a thread of its
// own. f must not be empty: a fatal error.
Timer AfterFunc(absl::Duration d, absl::AnyInvocable<void()> f);

// Timer(d).C().
Chan<absl::Time> After(absl::Duration d);

// Sends the time on C() each `d`. Of ticks for which there is no room, as
// nobody has received the last one, nothing is kept; nor are missed ones made
// up for. Ends with its last handle.
class Ticker {
 public:
  // d > 0, else throws std::invalid_argument. (NewTicker)
  explicit Ticker(absl::Duration d);

  // Capacity 1. Do not close it: it is not closed by Stop either.
  const Chan<absl::Time>& C() const { return c_; }

  // No more ticks; one that has been sent stays in the channel.
  void Stop();

  // Goes on, or begins again, with the next tick after `d`, and each `d`.
  // d > 0, else throws std::invalid_argument.
  void Reset(absl::Duration d);

 private:
  Chan<absl::Time> c_{1};
  std::shared_ptr<void> timer_;  // a sched::Timer
};

}  // namespace heddle

#endif  // RUNTIME_TIME_TIME_H_
