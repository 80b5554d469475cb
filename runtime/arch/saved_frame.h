// What a context that does not run keeps on its own stack, from Gobuf::sp
// upwards: the callee-saved registers, the floating-point control words and
// the address at which it goes on.
//
// This file is read by the assembler too (gobuf_*.S): the numbers are written
// once, here, and checked against the struct below.
//
// x86-64                                   aarch64
//   +56  return address                      +168 (unused)
//   +48  rbp                                 +160 fpcr
//   +40  rbx                                 +96  d8 … d15
//   +32  r12                                 +16  x19 … x28
//   +24  r13                                 +8   x30, the return address
//   +16  r14                          sp ->  +0   x29
//   +8   r15
//   +4   x87 control word (2 bytes)
// sp -> +0 mxcsr

#ifndef RUNTIME_ARCH_SAVED_FRAME_H_
#define RUNTIME_ARCH_SAVED_FRAME_H_

#if defined(__x86_64__)

#define HEDDLE_FRAME_MXCSR 0
#define HEDDLE_FRAME_X87CW 4
#define HEDDLE_FRAME_R15 8
#define HEDDLE_FRAME_R14 16
#define HEDDLE_FRAME_R13 24
#define HEDDLE_FRAME_R12 32
#define HEDDLE_FRAME_RBX 40
#define HEDDLE_FRAME_RBP 48
#define HEDDLE_FRAME_PC 56
#define HEDDLE_FRAME_SIZE 64

#elif defined(__aarch64__)

#define HEDDLE_FRAME_X29 0
#define HEDDLE_FRAME_PC 8
#define HEDDLE_FRAME_X19 16
#define HEDDLE_FRAME_D8 96
#define HEDDLE_FRAME_FPCR 160
#define HEDDLE_FRAME_SIZE 176

#else
#error "heddle's context switch knows x86-64 and aarch64 only: add gobuf_*.S"
#endif

// Offsets in Gobuf (gobuf.h).
#define HEDDLE_GOBUF_SP 0
#define HEDDLE_GOBUF_PC 8

#ifndef __ASSEMBLER__

#include <cstddef>
#include <cstdint>

namespace heddle::arch {

#if defined(__x86_64__)

struct SavedFrame {
  uint32_t mxcsr;
  uint16_t x87cw;
  uint16_t unused;
  uintptr_t r15, r14, r13, r12, rbx, rbp;
  uintptr_t pc;
};
static_assert(offsetof(SavedFrame, mxcsr) == HEDDLE_FRAME_MXCSR);
static_assert(offsetof(SavedFrame, x87cw) == HEDDLE_FRAME_X87CW);
static_assert(offsetof(SavedFrame, r15) == HEDDLE_FRAME_R15);
static_assert(offsetof(SavedFrame, r14) == HEDDLE_FRAME_R14);
static_assert(offsetof(SavedFrame, r13) == HEDDLE_FRAME_R13);
static_assert(offsetof(SavedFrame, r12) == HEDDLE_FRAME_R12);
static_assert(offsetof(SavedFrame, rbx) == HEDDLE_FRAME_RBX);
static_assert(offsetof(SavedFrame, rbp) == HEDDLE_FRAME_RBP);

#else

struct SavedFrame {
  uintptr_t x29;
  uintptr_t pc;
  uintptr_t x19_x28[10];
  uint64_t d8_d15[8];
  uint64_t fpcr;
  uint64_t unused;
};
static_assert(offsetof(SavedFrame, x29) == HEDDLE_FRAME_X29);
static_assert(offsetof(SavedFrame, x19_x28) == HEDDLE_FRAME_X19);
static_assert(offsetof(SavedFrame, d8_d15) == HEDDLE_FRAME_D8);
static_assert(offsetof(SavedFrame, fpcr) == HEDDLE_FRAME_FPCR);

#endif

static_assert(offsetof(SavedFrame, pc) == HEDDLE_FRAME_PC);
static_assert(sizeof(SavedFrame) == HEDDLE_FRAME_SIZE);

}  // namespace heddle::arch

#endif  // __ASSEMBLER__

#endif  // RUNTIME_ARCH_SAVED_FRAME_H_
