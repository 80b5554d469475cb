#include "heddle/runtime/stack/span.h"

#include <cinttypes>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sanitizer/stack_hooks.h"
#include "heddle/runtime/stack/canary.h"

namespace heddle::stack {

Span* Span::New(SpanSpace* space, int order, size_t spans) {
  void* const memory = space->Take(spans);
  if (memory == nullptr) return nullptr;
  return new Span(memory, order);
}

Span::Span(void* base, int order)
    : base_(reinterpret_cast<uintptr_t>(base)),
      order_(order),
      guard_(HasGuard(SizeOf(order)) ? PageSize() : 0),
      stride_(guard_ + SizeOf(order)),
      num_slots_(kSpanSize / stride_) {
  cached_.Reserve(num_slots_);
  returned_.Reserve(num_slots_);
}

void Span::Delete() {
  // Whoever maps these addresses next knows nothing of old poison.
  sanitizer::AsanUnpoison(base_, kSpanSize);
  Unmap(reinterpret_cast<void*>(base_), kSpanSize);
  delete this;
}

Span::Taken Span::Take(bool guarded) {
  size_t slot;
  bool fresh = false;
  if (!cached_.empty()) {
    slot = cached_.First();
    cached_.Remove(slot);
  } else if (!returned_.empty()) {
    slot = returned_.First();
    returned_.Remove(slot);
  } else {
    slot = num_cut_++;
    fresh = true;
    if (guarded && guard_ != 0) num_guarded_++;
  }
  num_taken_++;
  return {{Lo(slot), Lo(slot) + SizeOf(order_)}, fresh};
}

void Span::Put(Stack stack) {
  const size_t offset = stack.lo - Lo(0);
  const size_t slot = offset / stride_;
  if (stack.lo < Lo(0) || offset % stride_ != 0 || slot >= num_cut_ ||
      cached_.Has(slot) || returned_.Has(slot)) {
    base::PrintErr("heddle: stack [%#" PRIxPTR ", %#" PRIxPTR ")\n", stack.lo,
                   stack.hi);
    base::Throw("stack: free of a stack that is not in use");
  }
  num_taken_--;
  cached_.Add(slot);
}

size_t Span::Return(size_t max) {
  size_t n = 0;
  // Small ones share pages: all of a span's go, or none.
  if (guard_ == 0 && (num_taken_ > 0 || max < cached_.size())) return 0;
  for (; n < max && !cached_.empty(); n++) {
    const size_t slot = cached_.Last();
    cached_.Remove(slot);
    returned_.Add(slot);
    if (guard_ != 0) GiveBack(Lo(slot), Lo(slot) + SizeOf(order_));
  }
  if (guard_ == 0 && n > 0) GiveBack(base_, base_ + kSpanSize);
  return n;
}

void SpanList::PushFront(Span* span) {
  span->prev_ = nullptr;
  span->next_ = head_;
  (head_ != nullptr ? head_->prev_ : tail_) = span;
  head_ = span;
}

void SpanList::Remove(Span* span) {
  (span->prev_ != nullptr ? span->prev_->next_ : head_) = span->next_;
  (span->next_ != nullptr ? span->next_->prev_ : tail_) = span->prev_;
}

void SpanList::BecameFull(Span* span) {
  Remove(span);
  span->next_ = nullptr;
  span->prev_ = tail_;
  (tail_ != nullptr ? tail_->next_ : head_) = span;
  tail_ = span;
}

void SpanList::BecameAvailable(Span* span) {
  Remove(span);
  PushFront(span);
}

}  // namespace heddle::stack
