#include "heddle/runtime/stack/span_space.h"

#include <algorithm>

#include "heddle/runtime/stack/memory.h"

namespace heddle::stack {

SpanSpace::~SpanSpace() {
  if (next_ != end_) Unmap(reinterpret_cast<void*>(next_), end_ - next_);
}

void* SpanSpace::Take(size_t spans) {
  if (next_ == end_) {
    size_t size = std::clamp(spans, size_t{1}, kMostAtOnce) * kSpanSize;
    void* memory = Map(size, kSpanSize);
    if (memory == nullptr && size > kSpanSize) {
      size = kSpanSize;
      memory = Map(size, kSpanSize);
    }
    if (memory == nullptr) return nullptr;
    next_ = reinterpret_cast<uintptr_t>(memory);
    end_ = next_ + size;
  }
  void* const span = reinterpret_cast<void*>(next_);
  next_ += kSpanSize;
  return span;
}

}  // namespace heddle::stack
