// What Valgrind is told: which memory is a stack, and that a reused one is
// uninitialised. Otherwise a switch is to it one huge move of one stack's
// pointer, and what lies between the two stacks, other goroutines', becomes a
// frame of its own or is lost. Threads' own stacks it knows.
//
// Empty but with HEDDLE_VALGRIND; then nothing when Valgrind does not run.

#ifndef RUNTIME_SANITIZER_VALGRIND_H_
#define RUNTIME_SANITIZER_VALGRIND_H_

#include <cstddef>
#include <cstdint>

#include "heddle/runtime/sanitizer/sanitizer.h"

#if HEDDLE_VALGRIND
#if !__has_include(<valgrind/memcheck.h>)
#error "HEDDLE_VALGRIND: no valgrind/memcheck.h: install Valgrind's headers"
#endif
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>
#endif

namespace heddle::sanitizer {

// A stack that Valgrind knows, or none.
struct ValgrindStack {
#if HEDDLE_VALGRIND
  bool known = false;
  unsigned id = 0;
#endif
};

// [lo, lo + size) becomes a stack.
inline void ValgrindRegister([[maybe_unused]] ValgrindStack* stack,
                             [[maybe_unused]] uintptr_t lo,
                             [[maybe_unused]] size_t size) {
#if HEDDLE_VALGRIND
  stack->known = true;
  stack->id = VALGRIND_STACK_REGISTER(lo, lo + size);
#endif
}

// It is none any more, if it was one.
inline void ValgrindDeregister([[maybe_unused]] ValgrindStack* stack) {
#if HEDDLE_VALGRIND
  if (stack->known) VALGRIND_STACK_DEREGISTER(stack->id);
  stack->known = false;
#endif
}

// [lo, lo + size) may be written, and has to be before it is read.
inline void ValgrindMalloc([[maybe_unused]] uintptr_t lo,
                           [[maybe_unused]] size_t size) {
#if HEDDLE_VALGRIND
  VALGRIND_MAKE_MEM_UNDEFINED(lo, size);
#endif
}

}  // namespace heddle::sanitizer

#endif  // RUNTIME_SANITIZER_VALGRIND_H_
