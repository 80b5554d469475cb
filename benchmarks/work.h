// What is done under a lock in sync.cc, and by its twins.

#ifndef BENCHMARKS_WORK_H_
#define BENCHMARKS_WORK_H_

#include <cstdint>

namespace heddle::benchmarks {

// Some 12 ns that no compiler can shorten: each multiplication waits for the
// one before, and the first for what *x has become.
inline void Work(uint64_t* x) {
  for (int i = 0; i < 9; i++) {
    *x = *x * 6364136223846793005 + 1442695040888963407;
  }
}

}  // namespace heddle::benchmarks

#endif  // BENCHMARKS_WORK_H_
