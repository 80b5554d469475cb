// Prefetch: starts the fetching of memory that is soon to be written.

#ifndef RUNTIME_BASE_PREFETCH_H_
#define RUNTIME_BASE_PREFETCH_H_

#include <cstddef>
#include <cstdint>

#include "absl/base/optimization.h"

namespace heddle::base {

// A hint, for the cache line of `at`; it never faults.
inline void PrefetchLineForWrite(uintptr_t at) {
#if defined(__x86_64__)
  // Of x86-64's first instructions g++ knows only one that asks for the line to
  // read it: another CPU's would have to be asked for a second time.
  asm volatile("prefetchw %0" : : "m"(*reinterpret_cast<const char*>(at)));
#else
  __builtin_prefetch(reinterpret_cast<const void*>(at), 1);
  // g++ 12 takes a function that only prefetches for one without effects, and
  // leaves out its calls.
  asm volatile("");
#endif
}

// For each cache line's length from `at` on.
inline void PrefetchForWrite(uintptr_t at, size_t bytes) {
#pragma GCC unroll 8
  for (size_t done = 0; done < bytes; done += ABSL_CACHELINE_SIZE) {
    PrefetchLineForWrite(at + done);
  }
}

}  // namespace heddle::base

#endif  // RUNTIME_BASE_PREFETCH_H_
