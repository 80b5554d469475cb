// RecentTime: the time, as who sets a timer needs it, for a third of the cost
// of the clock.
//
// A timer must not go off too early, and a few microseconds too late is nothing
// beside the 50 that the kernel allows itself. So the clock is read each few
// microseconds only, and in between a counter of the CPU (Ticks) says how much
// time has gone by at most.

#ifndef RUNTIME_OS_RECENT_TIME_H_
#define RUNTIME_OS_RECENT_TIME_H_

#include <cstdint>

#include "heddle/runtime/base/relaxed.h"
#include "heddle/runtime/os/clock.h"

namespace heddle::os {

// One thread's.
class RecentTime {
 public:
  // By how much the result may be above Nanotime(), in nanoseconds.
  static constexpr int64_t kMostAhead = kFewTicks * kMostNsPerTick;

  // Nanotime() or later, by less than kMostAhead. As long as the CPUs' counters
  // go together: where they do not, it may be as much too early.
  int64_t NowOrLater() {
    const uint64_t ticks = Ticks();
    const uint64_t since = ticks - read_at_;
    if (since < kFewTicks) {
      return time_ + static_cast<int64_t>(since) * kMostNsPerTick;
    }
    // After the ticks: what goes by in between is counted twice, and not lost.
    const int64_t now = Nanotime();
    read_at_ = ticks;
    time_ = now;
    return now;
  }

 private:
  // Relaxed: TSan takes the goroutines of one thread for several.
  base::Relaxed<uint64_t> read_at_{0};
  base::Relaxed<int64_t> time_{0};
};

}  // namespace heddle::os

#endif  // RUNTIME_OS_RECENT_TIME_H_
