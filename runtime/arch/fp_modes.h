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

namespace fp_modes_internal {

inline uint32_t Mxcsr() {
  uint32_t mxcsr;
  asm volatile("stmxcsr %0" : "=m"(mxcsr));
  return mxcsr;
}

inline uint16_t X87cw() {
  uint16_t x87cw;
  asm volatile("fnstcw %0" : "=m"(x87cw));
  return x87cw;
}

}  // namespace fp_modes_internal

// Those of the calling thread, which takes some 5 ns for mxcsr.
inline FpModes CurrentFpModes() {
  return fp_modes_internal::Mxcsr() | uint64_t{fp_modes_internal::X87cw()}
                                          << 32;
}

// Makes `modes` the calling thread's. To compare first would cost more: to load
// what is there already takes half a nanosecond.
inline void UseFpModes(FpModes modes) {
  const auto mxcsr = static_cast<uint32_t>(modes);
  const auto x87cw = static_cast<uint16_t>(modes >> 32);
  asm volatile("ldmxcsr %0" : : "m"(mxcsr));
  asm volatile("fldcw %0" : : "m"(x87cw));
}

#elif defined(__aarch64__)

// Those of the calling thread.
inline FpModes CurrentFpModes() {
  uint64_t fpcr;
  asm volatile("mrs %0, fpcr" : "=r"(fpcr));
  return fpcr;
}

// Makes `modes` the calling thread's.
inline void UseFpModes(FpModes modes) {
  if (CurrentFpModes() != modes) asm volatile("msr fpcr, %0" : : "r"(modes));
}

#endif

}  // namespace heddle::arch

#endif  // RUNTIME_ARCH_FP_MODES_H_
