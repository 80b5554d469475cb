// A small random generator for scheduling choices: which victim to steal
// from, whether to randomise. Not for security, not shared between threads.
//
// Source: wyrand (Wang Yi), the generator behind Go's fastrand64.

#ifndef RUNTIME_BASE_FAST_RAND_H_
#define RUNTIME_BASE_FAST_RAND_H_

#include <cstdint>

namespace heddle::base {

// Owned by one thread (in the scheduler: by an M). The sequence is a function
// of the seed alone.
class FastRand {
 public:
  explicit constexpr FastRand(uint64_t seed) : state_(seed) {}

  // 32 uniform bits.
  uint32_t Next() {
    state_ += 0xa0761d6478bd642fu;
    const Uint128 product = Uint128{state_} * (state_ ^ 0xe7037ed1a0b428dbu);
    return static_cast<uint32_t>((product >> 64) ^ product);
  }

  // Uniform in [0, n); 0 for n == 0. By multiplication (Lemire): no division.
  uint32_t Below(uint32_t n) {
    return static_cast<uint32_t>((uint64_t{Next()} * n) >> 32);
  }

 private:
  // So that -Wpedantic lets it pass.
  __extension__ using Uint128 = unsigned __int128;

  uint64_t state_;
};

}  // namespace heddle::base

#endif  // RUNTIME_BASE_FAST_RAND_H_
