// What a go statement can say about its goroutine.

#ifndef RUNTIME_SCHED_GO_OPTIONS_H_
#define RUNTIME_SCHED_GO_OPTIONS_H_

#include <cstddef>
#include <string_view>

namespace heddle::sched {

struct GoOptions {
  // Usable bytes of stack, stack::kMinStack to stack::kMaxStack, rounded up to
  // a power of two; 0: Options::stack_size. Those of less than a page, 2 KiB,
  // have no guard page: an overflow is found after the fact (docs/stacks.md).
  size_t stack_size = 0;
  // For reports. Copied.
  std::string_view name = {};
  // A goroutine of a library's own, such as one that polls or cleans up: not
  // counted by NumGoroutine, without labels, and not on the thread that called
  // Run, which does not wait for it. When the Run ends it stops at its next
  // call of the runtime that may switch, and goes on in the next one; so does
  // one that is parked. ~Runtime leaves it where it is: its destructors do not
  // run, and its stack is freed; if it is in a call that blocks its thread,
  // with all of the runtime once that ends.
  bool system = false;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GO_OPTIONS_H_
