// What a go statement can say about its goroutine.

#ifndef RUNTIME_SCHED_GO_OPTIONS_H_
#define RUNTIME_SCHED_GO_OPTIONS_H_

#include <cstddef>
#include <string_view>

namespace heddle::sched {

struct GoOptions {
  // Usable bytes of stack, stack::kMinStack to stack::kMaxStack, rounded up to
  // a power of two; 0: Options::stack_size.
  size_t stack_size = 0;
  // For reports. Copied.
  std::string_view name = {};
  // A goroutine of a library's own: not counted by NumGoroutine, and Run does
  // not wait for it.
  bool system = false;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GO_OPTIONS_H_
