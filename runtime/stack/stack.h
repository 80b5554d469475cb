// Stack: the memory that one goroutine's frames lie in, and the sizes it comes
// in.
//
// C++ frames cannot be moved, so a stack never grows: its size is chosen when
// the goroutine starts, and only the pages that it touches take memory. Below
// each stack lies a page that cannot be touched; running into it is the
// overflow. Stacks smaller than a page have a canary instead (canary.h).

#ifndef RUNTIME_STACK_STACK_H_
#define RUNTIME_STACK_STACK_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "heddle/runtime/base/cxx20.h"

namespace heddle::stack {

// The addresses [lo, hi) may be used; the guard page, if it has one, is
// [lo - page, lo) and counts for nothing. All zero: no stack. (runtime.stack)
struct Stack {
  uintptr_t lo = 0;
  uintptr_t hi = 0;

  size_t size() const { return hi - lo; }
  explicit operator bool() const { return lo != 0; }
  friend bool operator==(const Stack&, const Stack&) = default;
};

// The smallest stack in bytes.
inline constexpr size_t kMinStack = size_t{2} << 10;
// The largest.
inline constexpr size_t kMaxStack = size_t{1} << 30;
// What goroutines start with unless they ask: room for printing floating-point
// numbers and resolving host names, which 8 or 16 KiB have not.
inline constexpr size_t kDefaultStack = size_t{64} << 10;

// Stacks up to this size are cut from spans and cached, by order: order 0 is
// kMinStack, each next one twice as large. Larger ones are mapped one by one.
inline constexpr size_t kMaxSmallStack = size_t{512} << 10;
inline constexpr int kNumOrders =
    std::bit_width(kMaxSmallStack) - std::bit_width(kMinStack) + 1;

// The smallest power of two that is at least n (1 for 0); n may be at most the
// largest power of two in a size_t. (runtime.round2)
constexpr size_t Round2(size_t n) { return std::bit_ceil(n); }

// The order of stacks of `size` bytes, a power of two from kMinStack to
// kMaxSmallStack.
constexpr int OrderOf(size_t size) {
  return static_cast<int>(std::bit_width(size)) -
         static_cast<int>(std::bit_width(kMinStack));
}
constexpr size_t SizeOf(int order) { return kMinStack << order; }

}  // namespace heddle::stack

#endif  // RUNTIME_STACK_STACK_H_
