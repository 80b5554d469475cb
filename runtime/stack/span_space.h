// SpanSpace: the address space that the spans of an order are cut from.
//
// To map is to stop the page faults of all threads for a moment, and two Ps
// that start many goroutines do little but fault: so it is mapped for several
// spans at once, as many as there are already, up to kMostAtOnce. Who needs few
// takes little of a limited address space.
//
// Used under the lock of its order (stack_pool.h).

#ifndef RUNTIME_STACK_SPAN_SPACE_H_
#define RUNTIME_STACK_SPAN_SPACE_H_

#include <cstddef>
#include <cstdint>

namespace heddle::stack {

inline constexpr size_t kSpanSize = size_t{4} << 20;

class SpanSpace {
 public:
  static constexpr size_t kMostAtOnce = 16;

  SpanSpace() = default;
  SpanSpace(const SpanSpace&) = delete;
  SpanSpace& operator=(const SpanSpace&) = delete;
  // Unmaps what was not taken.
  ~SpanSpace();

  // kSpanSize bytes of fresh memory, aligned to that, which are the caller's to
  // unmap; it has `spans` already. Null, with errno set, when the system
  // refuses.
  void* Take(size_t spans);

  // What is mapped and was not taken.
  size_t bytes_ahead() const { return end_ - next_; }

 private:
  uintptr_t next_ = 0;
  uintptr_t end_ = 0;
};

}  // namespace heddle::stack

#endif  // RUNTIME_STACK_SPAN_SPACE_H_
