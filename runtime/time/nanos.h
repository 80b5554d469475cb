// Durations as the runtime's clock has them.

#ifndef RUNTIME_TIME_NANOS_H_
#define RUNTIME_TIME_NANOS_H_

#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace heddle::time_internal {

// Nanoseconds of `d`, rounded up: who waits waits for d at least. What is
// beyond 292 years, infinities too, becomes the largest or smallest number.
inline int64_t NanosUp(absl::Duration d) {
  const int64_t ns = absl::ToInt64Nanoseconds(d);  // towards zero
  const bool more =
      d > absl::Nanoseconds(ns) && ns < std::numeric_limits<int64_t>::max();
  return more ? ns + 1 : ns;
}

}  // namespace heddle::time_internal

#endif  // RUNTIME_TIME_NANOS_H_
