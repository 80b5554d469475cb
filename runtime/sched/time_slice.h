// TimeSlice: how long goroutines that ready each other may keep a P to
// themselves.
//
// What a goroutine makes runnable goes to runnext and inherits its time slice,
// so a pair that hands a value to and fro, or a chain in which each starts the
// next, is never interrupted by the rest of the queue. In Go, sysmon ends the
// slice after 10 ms, by preemption; here sysmon takes the P of one goroutine
// that runs for long. A slice of many turns ends by itself: after kNs
// or, sooner for short turns, after kTurns inheritances. The goroutine in
// runnext then goes to the tail of the global queue.
//
// Reading the clock costs as much as a switch, so it is read once in
// kTurnsPerLook turns. Owned by the P's owner.
//
// Source: Go 1.21's forcePreemptNS, and the comment on p.runnext.

#ifndef RUNTIME_SCHED_TIME_SLICE_H_
#define RUNTIME_SCHED_TIME_SLICE_H_

#include <cstdint>

#include "heddle/runtime/base/relaxed.h"
#include "heddle/runtime/os/clock.h"

namespace heddle::sched {

class TimeSlice {
 public:
  static constexpr int64_t kNs = 10'000'000;
  static constexpr uint32_t kTurns = 1024;
  static constexpr uint32_t kTurnsPerLook = 64;

  // A goroutine starts with a slice of its own.
  void Begin() { turns_ = 0; }

  // Whether the slice is over, so that nobody else can inherit it; if not
  // `by_clock`, its turns alone decide.
  bool Ends(bool by_clock) {
    const uint32_t turns = turns_ + 1;
    if (turns % kTurnsPerLook != 0) return false;
    return turns >= kTurns || (by_clock && Expired(turns));
  }

  // Another one inherits it.
  void Inherit() { turns_ = turns_ + 1; }

  // How often it was inherited. For anyone, as a guess.
  uint32_t turns() const { return turns_; }

 private:
  bool Expired(uint32_t turns) {
    const int64_t now = os::Nanotime();
    if (turns == kTurnsPerLook) {
      // The first look of this slice starts the clock.
      since_ = now;
      return false;
    }
    return now - since_ >= kNs;
  }

  base::Relaxed<uint32_t> turns_{0};
  int64_t since_ = 0;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_TIME_SLICE_H_
