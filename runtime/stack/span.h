// Span: 4 MiB of address space cut into stacks of one order. Go's mspan as
// stackpoolalloc uses it.
//
//   guarded:  | guard | stack 0 | guard | stack 1 | … | stack n-1 | unused |
//               a page  SizeOf(order)
//   small:    | stack 0 | stack 1 | … | stack n-1 |
//
// A span is aligned to its size, so a stack's address gives its span's. What is
// known of it stands elsewhere: nothing is ever written into a free stack,
// whose memory may be poisoned, unmapped by now, or never touched yet; and with
// a page of its own for each span, a parked goroutine would pay 68 bytes more.
//
// A slot is not cut yet, out, cached (free, and perhaps with memory), or
// returned (free, its memory given back). Slots are cut only when they are
// first needed, and then get their guards (stack_pool.cc); cached ones are used
// first, and of each kind the lowest: so what is in use keeps together.
//
// The guard makes the distance of two stacks other than a power of two, so
// that the tops of many stacks do not share cache sets.
//
// A Span and a SpanList are used under the lock of their order (stack_pool.h).

#ifndef RUNTIME_STACK_SPAN_H_
#define RUNTIME_STACK_SPAN_H_

#include <cstddef>
#include <cstdint>

#include "heddle/runtime/base/bit_pool.h"
#include "heddle/runtime/stack/memory.h"
#include "heddle/runtime/stack/span_space.h"
#include "heddle/runtime/stack/stack.h"

namespace heddle::stack {

class Span {
 public:
  // One more, of `space`, for stacks of `order`, of which there are `spans`
  // already. Null, with errno set, when the system refuses.
  static Span* New(SpanSpace* space, int order, size_t spans = 0);
  // Unmaps it, with whatever stacks are still in use.
  void Delete();

  // Where the span of this stack, or of its guard, begins.
  static uintptr_t BaseOf(uintptr_t at) { return at & ~(kSpanSize - 1); }
  static uintptr_t BaseOf(Stack stack) { return BaseOf(stack.lo); }
  // Where its guard is, if it is of a size that has one.
  static uintptr_t GuardOf(Stack stack) { return stack.lo - PageSize(); }
  uintptr_t base() const { return base_; }

  struct Taken {
    Stack stack;
    // It was cut now: if it is to have a guard, the caller has to see to that.
    bool fresh;
  };
  // Gives out a stack; there must be one left. `guarded`: if it is fresh, and
  // of a size that has a guard, it counts as guarded.
  Taken Take(bool guarded);
  // A fresh one that counts as guarded is not: the guard was refused.
  void NoteUnguarded() { num_guarded_--; }
  // Takes it back. Throws if it is not one of this span's that are out.
  void Put(Stack stack);
  // Gives the memory of up to `max` cached stacks back; returns of how many.
  size_t Return(size_t max);

  int order() const { return order_; }
  bool full() const { return num_taken_ == num_slots_; }
  bool empty() const { return num_taken_ == 0; }
  size_t num_slots() const { return num_slots_; }
  size_t num_cut() const { return num_cut_; }
  size_t num_guarded() const { return num_guarded_; }  // of those cut
  size_t num_cached() const { return cached_.size(); }
  size_t num_returned() const { return returned_.size(); }

 private:
  friend class SpanList;

  Span(void* base, int order);
  uintptr_t Lo(size_t slot) const { return base_ + slot * stride_ + guard_; }

  Span* next_ = nullptr;
  Span* prev_ = nullptr;
  const uintptr_t base_;
  const int order_;
  const size_t guard_;   // bytes below each stack
  const size_t stride_;  // from one stack to the next
  const size_t num_slots_;
  size_t num_cut_ = 0;    // slots [0, num_cut_) are cut
  size_t num_taken_ = 0;  // of these, out
  size_t num_guarded_ = 0;
  base::BitPool cached_;
  base::BitPool returned_;
};

// The spans of one order, those with stacks left before the full ones.
class SpanList {
 public:
  // The span to take from; null when all are full.
  Span* available() const {
    return head_ != nullptr && !head_->full() ? head_ : nullptr;
  }
  Span* head() const { return head_; }
  // The one after `span`; null: it was the last.
  static Span* Next(const Span* span) { return span->next_; }
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
