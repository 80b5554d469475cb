// SmallId: a number below Limit() that no other living SmallId of the process
// has; or none, if all are given out. For arrays with a place for each thread.
//
// What the holder wrote before it gave the number back, the next one sees.

#ifndef RUNTIME_BASE_SMALL_ID_H_
#define RUNTIME_BASE_SMALL_ID_H_

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <thread>  // NOLINT

#include "heddle/runtime/base/cxx20.h"

namespace heddle::base {

// Thread-safe.
class SmallId {
 public:
  SmallId() : value_(Claim()) {}
  ~SmallId() {
    // Release: pairs with the acquire in Claim.
    if (*this) ids_.fetch_and(~Bit(value_), std::memory_order_release);
  }
  SmallId(const SmallId&) = delete;
  SmallId& operator=(const SmallId&) = delete;

  explicit operator bool() const { return value_ >= 0; }
  // Negative: none.
  int32_t value() const { return value_; }

  // Two for each CPU, 8 to 64.
  static int32_t Limit() {
    static const int32_t limit = std::clamp<int32_t>(
        2 * static_cast<int32_t>(std::thread::hardware_concurrency()), 8, 64);
    return limit;
  }

 private:
  static uint64_t Bit(int32_t value) { return uint64_t{1} << value; }

  // The lowest one that is free.
  static int32_t Claim() {
    uint64_t ids = ids_.load(std::memory_order_relaxed);
    for (;;) {
      const int32_t lowest = std::countr_one(ids);
      if (lowest >= Limit()) return -1;
      if (ids_.compare_exchange_weak(ids, ids | Bit(lowest),
                                     std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
        return lowest;
      }
    }
  }

  static inline std::atomic<uint64_t> ids_{0};

  const int32_t value_;
};

}  // namespace heddle::base

#endif  // RUNTIME_BASE_SMALL_ID_H_
