// Prefetch: starts the fetching of memory that is soon to be written.

#ifndef RUNTIME_BASE_PREFETCH_H_
#define RUNTIME_BASE_PREFETCH_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/optimization.h"

namespace heddle::base {

// A hint, for each cache line's length from `at` on; it never faults.
inline void PrefetchForWrite(uintptr_t at, size_t bytes) {
  for (const uintptr_t end = at + bytes; at < end; at += ABSL_CACHELINE_SIZE) {
    __builtin_prefetch(reinterpret_cast<const void*>(at), 1);
    // g++ 12 takes a function that only prefetches for one without effects, and
    // leaves out its calls.
    asm volatile("");
  }
}

}  // namespace heddle::base

#endif  // RUNTIME_BASE_PREFETCH_H_
