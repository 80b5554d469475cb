#include "heddle/runtime/os/spin_lock.h"

#include <algorithm>

#include "heddle/runtime/os/clock.h"

namespace heddle::os {
namespace {

// Some 400 ns between two looks, and 3 us in all. In that time the holder can
// take it again many times, and each look takes the cache line away from it:
// with 30 ns between them an item through a channel of four senders and four
// receivers took 27 ns on two CPUs, and 8 so.
constexpr uint64_t kLookTicks = kFewTicks / 8;
constexpr int kSpins = 8;
constexpr int kYields = 4;
constexpr int64_t kFirstSleepUs = 20;
constexpr int64_t kLastSleepUs = 1000;

// Debug builds only; 0 in others.
constinit thread_local int held = 0;

}  // namespace

void SpinLock::LockSlow() {
  int64_t sleep_us = kFirstSleepUs;
  for (int i = 0;; i++) {
    // The load keeps spinners from taking the cache line from each other.
    if (key_.load(std::memory_order_relaxed) == 0 &&
        key_.exchange(1, std::memory_order_acquire) == 0) {
      return;
    }
    if (i < kSpins) {
      const uint64_t start = Ticks();
      do {
        ProcYield(1);
      } while (Ticks() - start < kLookTicks);
    } else if (i < kSpins + kYields) {
      OsYield();
    } else {
      Usleep(sleep_us);
      sleep_us = std::min(2 * sleep_us, kLastSleepUs);
    }
  }
}

void SpinLock::Count(int n) { held += n; }

int HeldSpinLocks() { return held; }

}  // namespace heddle::os
