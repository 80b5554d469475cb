#include "runtime/stack/span.h"

#include <errno.h>

#include <new>

#include "runtime/base/throw.h"
#include "runtime/sanitizer/stack_hooks.h"

namespace heddle::stack {

Span* Span::New(const void* owner, int order) {
  void* const memory = Map(kSpanSize, kSpanSize);
  if (memory == nullptr) return nullptr;
  return new (memory) Span(owner, order);
}

Span::Span(const void* owner, int order)
    : owner_(owner),
      order_(static_cast<uint16_t>(order)),
      num_slots_(static_cast<uint16_t>((kSpanSize - PageSize()) /
                                       (PageSize() + SizeOf(order)))) {
  static_assert(sizeof(Span) <= kMinStack, "the header has one page");
}

void Span::Delete() {
  // Whoever maps these addresses next knows nothing of old poison.
  sanitizer::AsanUnpoison(reinterpret_cast<uintptr_t>(this), kSpanSize);
  Unmap(this, kSpanSize);
}

uintptr_t Span::Lo(int slot) const {
  const size_t page = PageSize();
  return reinterpret_cast<uintptr_t>(this) + page +
         slot * (page + SizeOf(order_)) + page;
}

Stack Span::Take(GuardKind kind) {
  int slot;
  if (num_taken_ < num_cut_) {
    slot = free_[num_cut_ - num_taken_ - 1];
  } else {
    slot = num_cut_;
    if (const int error = InstallGuard(kind, Lo(slot) - PageSize());
        error != 0) {
      errno = error;
      return {};
    }
    num_cut_++;
  }
  num_taken_++;
  taken_[slot / 64] |= uint64_t{1} << (slot % 64);
  return {Lo(slot), Lo(slot) + SizeOf(order_)};
}

void Span::Put(Stack stack) {
  const size_t offset = stack.lo - Lo(0);
  const size_t stride = PageSize() + SizeOf(order_);
  const size_t slot = offset / stride;
  if (stack.lo < Lo(0) || offset % stride != 0 || slot >= num_cut_ ||
      (taken_[slot / 64] & uint64_t{1} << (slot % 64)) == 0) {
    base::PrintErr("heddle: stack [%#x, %#x)\n", stack.lo, stack.hi);
    base::Throw("stack: free of a stack that is not in use");
  }
  taken_[slot / 64] &= ~(uint64_t{1} << (slot % 64));
  num_taken_--;
  free_[num_cut_ - num_taken_ - 1] = static_cast<uint16_t>(slot);
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
