// The canary: what guards a stack that has no guard page. Two words at its low
// end that no program writes but by running over it; looked at when the
// goroutine leaves its thread and when it ends.
//
// It finds an overflow after the fact: what lies below, a neighbour's frames,
// has been overwritten by then, and the program must die. A frame that leaves a
// gap over the two words is not found.

#ifndef RUNTIME_STACK_CANARY_H_
#define RUNTIME_STACK_CANARY_H_

#include <cstddef>
#include <cstdint>

#include "heddle/runtime/stack/memory.h"
#include "heddle/runtime/stack/stack.h"

namespace heddle::stack {

// Bytes at the low end of a stack that belong to its canary.
inline constexpr size_t kCanarySize = 2 * sizeof(uint64_t);

// Whether stacks of `size` bytes have a guard page: those smaller than a page
// have not, it would take more memory than they do.
inline bool HasGuard(size_t size) { return size >= PageSize(); }

namespace canary_internal {
// Depends on the stack: its neighbour's is no good.
constexpr uint64_t Word(uintptr_t lo, uint64_t i) {
  return (lo + i) * 0x9e3779b97f4a7c15u ^ 0x68656464'6c652121u;
}
}  // namespace canary_internal

// Writes it. The stack is the caller's.
inline void SetCanary(Stack stack) {
  auto* words = reinterpret_cast<uint64_t*>(stack.lo);
  words[0] = canary_internal::Word(stack.lo, 0);
  words[1] = canary_internal::Word(stack.lo, 1);
}

// Whether it is as it was written. By who runs on the stack, or owns it.
inline bool CanaryLives(Stack stack) {
  const auto* words = reinterpret_cast<const uint64_t*>(stack.lo);
  return words[0] == canary_internal::Word(stack.lo, 0) &&
         words[1] == canary_internal::Word(stack.lo, 1);
}

}  // namespace heddle::stack

#endif  // RUNTIME_STACK_CANARY_H_
