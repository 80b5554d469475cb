// FpModes: the floating-point control words, which belong to a context
// (gobuf.h), as one word: mxcsr and, from bit 32 on, the x87 control word;
// fpcr. As SavedFrame has them.
//
// x86-64's status flags come with mxcsr. They are nobody's, as in the ABI.

#ifndef RUNTIME_ARCH_FP_MODES_H_
#define RUNTIME_ARCH_FP_MODES_H_

#include <cstdint>

namespace heddle::arch {

using FpModes = uint64_t;

#if defined(__x86_64__)

// Stores those of the calling thread. In place, as the processor stores them:
// who reads them back at once waits for that, 5 ns for mxcsr.
inline void StoreFpModes(FpModes* at) {
  auto* const words = reinterpret_cast<char*>(at);
  *at = 0;
  asm volatile(
      "stmxcsr %0\n\t"
      "fnstcw %1"
      : "=m"(*reinterpret_cast<char(*)[4]>(words)),
        "=m"(*reinterpret_cast<char(*)[2]>(words + 4)));
}

// Makes *modes the calling thread's. To compare first would cost more: to load
// what is there already takes half a nanosecond.
inline void UseFpModes(const FpModes* modes) {
  const auto* const words = reinterpret_cast<const char*>(modes);
  asm volatile(
      "ldmxcsr %0\n\t"
      "fldcw %1"
      :
      : "m"(*reinterpret_cast<const char(*)[4]>(words)),
        "m"(*reinterpret_cast<const char(*)[2]>(words + 4)));
}

#elif defined(__aarch64__)

// Stores those of the calling thread.
inline void StoreFpModes(FpModes* at) {
  asm volatile("mrs %0, fpcr" : "=r"(*at));
}

// Makes *modes the calling thread's.
inline void UseFpModes(const FpModes* modes) {
  FpModes now;
  StoreFpModes(&now);
  if (now != *modes) asm volatile("msr fpcr, %0" : : "r"(*modes));
}

#endif

// Those of the calling thread.
inline FpModes CurrentFpModes() {
  FpModes modes;
  StoreFpModes(&modes);
  return modes;
}

}  // namespace heddle::arch

#endif  // RUNTIME_ARCH_FP_MODES_H_
