// TimeHistogram: how often a time was how long, with an error of a quarter at
// most and in constant space. Times from 0 up to 2^47 ns (39 hours) are counted
// in 40 buckets, each of which but the first begins at a power of two and ends
// at the next, in 4 equal parts:
//
//   bucket 0     [0, 256) ns             parts of 64 ns
//   bucket k     [2^(7+k), 2^(8+k)) ns   parts of 2^(5+k) ns
//
// Anyone may record and read at any time; a reader sees each count as of some
// moment of its reading.
//
// Source: Go 1.21's histogram.go (timeHistogram), the constants and the edges.

#ifndef RUNTIME_SCHED_TIME_HISTOGRAM_H_
#define RUNTIME_SCHED_TIME_HISTOGRAM_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "heddle/runtime/base/cxx20.h"

namespace heddle::sched {

// Go's timeHistSubBucketBits, timeHistMinBucketBits, timeHistMaxBucketBits.
inline constexpr int kTimeHistSubBucketBits = 2;
inline constexpr int kTimeHistMinBucketBits = 9;
inline constexpr int kTimeHistMaxBucketBits = 48;
inline constexpr size_t kTimeHistSubBuckets = 1 << kTimeHistSubBucketBits;
inline constexpr size_t kTimeHistBuckets =
    kTimeHistMaxBucketBits - kTimeHistMinBucketBits + 1;
inline constexpr size_t kTimeHistCounts =
    kTimeHistBuckets * kTimeHistSubBuckets;

// The shortest time, in nanoseconds, that is counted at index `i`; for i ==
// kTimeHistCounts the end of the last one.
constexpr int64_t TimeHistEdge(size_t i) {
  const size_t bucket = i / kTimeHistSubBuckets;
  const size_t part = i % kTimeHistSubBuckets;
  const int bits = kTimeHistMinBucketBits - 1 - kTimeHistSubBucketBits;
  if (bucket == 0) return static_cast<int64_t>(part << bits);
  return static_cast<int64_t>((kTimeHistSubBuckets + part)
                              << (static_cast<size_t>(bits) + bucket - 1));
}

// What a histogram held.
struct TimeHistogramSnapshot {
  std::array<uint64_t, kTimeHistCounts> counts = {};
  uint64_t underflow = 0;  // times below 0: a clock that went back
  uint64_t overflow = 0;   // 2^47 ns and more

  // Times that were recorded.
  uint64_t count() const {
    uint64_t n = underflow + overflow;
    for (uint64_t c : counts) n += c;
    return n;
  }

  // Nanoseconds that a share of `q`, 0 to 1, of the times do not exceed: an
  // upper bound, the end of the part in which that time was counted. 0 of no
  // times; INT64_MAX where the answer is in the overflow.
  int64_t Quantile(double q) const {
    const uint64_t n = count();
    if (n == 0) return 0;
    if (q < 0) q = 0;
    // The rank of the time that is asked for, from 1.
    uint64_t rank = static_cast<uint64_t>(q * static_cast<double>(n) + 0.5);
    if (rank < 1) rank = 1;
    if (rank > n) rank = n;
    if (rank <= underflow) return 0;
    uint64_t below = underflow;
    for (size_t i = 0; i < kTimeHistCounts; i++) {
      below += counts[i];
      if (rank <= below) return TimeHistEdge(i + 1);
    }
    return INT64_MAX;
  }
};

class TimeHistogram {
 public:
  TimeHistogram() = default;
  TimeHistogram(const TimeHistogram&) = delete;
  TimeHistogram& operator=(const TimeHistogram&) = delete;

  // Counts a time of `ns` nanoseconds.
  void Record(int64_t ns) {
    if (ns < 0) {
      underflow_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    const size_t i = Index(static_cast<uint64_t>(ns));
    (i < kTimeHistCounts ? counts_[i] : overflow_)
        .fetch_add(1, std::memory_order_relaxed);
  }

  TimeHistogramSnapshot Read() const {
    TimeHistogramSnapshot s;
    for (size_t i = 0; i < kTimeHistCounts; i++) {
      s.counts[i] = counts_[i].load(std::memory_order_relaxed);
    }
    s.underflow = underflow_.load(std::memory_order_relaxed);
    s.overflow = overflow_.load(std::memory_order_relaxed);
    return s;
  }

 private:
  // Where `ns` is counted; kTimeHistCounts or more: nowhere.
  static size_t Index(uint64_t ns) {
    int width = static_cast<int>(std::bit_width(ns));
    size_t bucket = 0;
    if (width < kTimeHistMinBucketBits) {
      // Bucket 0 has the parts of the one that would begin at 2^8.
      width = kTimeHistMinBucketBits;
    } else {
      bucket = static_cast<size_t>(width) - kTimeHistMinBucketBits + 1;
    }
    const size_t part =
        (ns >> (width - 1 - kTimeHistSubBucketBits)) % kTimeHistSubBuckets;
    return bucket * kTimeHistSubBuckets + part;
  }

  std::array<std::atomic<uint64_t>, kTimeHistCounts> counts_ = {};
  std::atomic<uint64_t> underflow_{0};
  std::atomic<uint64_t> overflow_{0};
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_TIME_HISTOGRAM_H_
