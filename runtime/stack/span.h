// Span: 4 MiB of address space cut into stacks of one order. Go's mspan as
// stackpoolalloc uses it.
//
//   span                                                        span + 4 MiB
//   | header | guard | stack 0 | guard | stack 1 | … | guard | stack n-1 | - |
//     a page   a page  SizeOf(order)
//
// A span is aligned to its size, so a stack's address gives its span. The
// header knows which stacks are free: nothing is ever written into a free
// stack, whose memory may be poisoned, unmapped by now, or never touched yet.
// Stacks are cut off (and get their guard) only when they are first needed,
// and given out again last in, first out: the last one back has its pages, and
// perhaps its cache lines, still there.
//
// The guard makes the distance of two stacks other than a power of two, so
// that the tops of many stacks do not share cache sets.
//
// A Span and a SpanList are used under the lock of their order (stack_pool.h).

#ifndef RUNTIME_STACK_SPAN_H_
#define RUNTIME_STACK_SPAN_H_

#include <cstddef>
#include <cstdint>

#include "runtime/stack/memory.h"
#include "runtime/stack/stack.h"

namespace heddle::stack {

inline constexpr size_t kSpanSize = size_t{4} << 20;

class Span {
 public:
  // Maps a span for stacks of `order`. `owner` is only remembered. Null, with
  // errno set, when the system refuses.
  static Span* New(const void* owner, int order);
  // Unmaps it, with whatever stacks are still in use.
  void Delete();

  // The span of a stack that Take returned.
  static Span* Of(Stack stack) {
    return reinterpret_cast<Span*>(stack.lo & ~(kSpanSize - 1));
  }

  // Gives out a stack; there must be one left. None, with errno set, when its
  // guard is refused.
  Stack Take(GuardKind kind);
  // Takes it back. Throws if it is not one of this span's that are out.
  void Put(Stack stack);

  const void* owner() const { return owner_; }
  int order() const { return order_; }
  bool full() const { return num_taken_ == num_slots_; }
  bool empty() const { return num_taken_ == 0; }
  int num_slots() const { return num_slots_; }
  int num_cut() const { return num_cut_; }

 private:
  friend class SpanList;

  // With the smallest pages there are: (4 MiB - 4 KiB) / (4 KiB + 4 KiB).
  static constexpr int kMaxSlots = 511;

  Span(const void* owner, int order);
  uintptr_t Lo(int slot) const;

  Span* next_ = nullptr;
  Span* prev_ = nullptr;
  const void* const owner_;
  const uint16_t order_;
  const uint16_t num_slots_;
  uint16_t num_cut_ = 0;      // slots [0, num_cut_) have their guards
  uint16_t num_taken_ = 0;    // of these, out
  uint16_t free_[kMaxSlots];  // the other num_cut_ - num_taken_: a LIFO
  uint64_t taken_[(kMaxSlots + 63) / 64] = {};  // bit per slot
};

// The spans of one order, those with stacks left before the full ones.
class SpanList {
 public:
  // The span to take from; null when all are full.
  Span* available() const {
    return head_ != nullptr && !head_->full() ? head_ : nullptr;
  }
  Span* head() const { return head_; }
  void PushFront(Span* span);
  void Remove(Span* span);
  // Keeps the order after `span` became full, or is not full any more.
  void BecameFull(Span* span);
  void BecameAvailable(Span* span);

 private:
  Span* head_ = nullptr;
  Span* tail_ = nullptr;
};

}  // namespace heddle::stack

#endif  // RUNTIME_STACK_SPAN_H_
