// AltStack: the stack on which a thread of the runtime's takes signals.
//
// A goroutine's stack may be too small for a signal frame, and is full when the
// guard page below it is hit: the fault can only be reported from another
// stack. Handlers run there if they were installed with SA_ONSTACK.
//
// A thread that has such a stack already keeps it, whatever its size: it is the
// user's or a sanitizer's, which unmaps what it finds there when the thread
// ends. So nothing of ours may need more than the kernel's least, MINSIGSTKSZ.
//
// Rejected: a stack of the whole process's, as two threads may fault at once.

#ifndef RUNTIME_OS_ALT_STACK_H_
#define RUNTIME_OS_ALT_STACK_H_

#include <cstddef>

namespace heddle::os {

// The methods are called on the thread whose stack it is, outside signal
// handlers.
class AltStack {
 public:
  // Usable bytes: for the handlers of users, profilers and crash reporters. A
  // page is used once something touches it.
  static constexpr size_t kSize = 64 << 10;

  AltStack() = default;
  AltStack(const AltStack&) = delete;
  AltStack& operator=(const AltStack&) = delete;

  // Gives the calling thread a stack of kSize bytes with a guard page below,
  // unless it has one. Without memory for it the thread goes without: then an
  // overflow kills the process with no report. (minitSignalStack)
  void Install();

  // Undoes Install, unless the thread has taken another stack since. Before the
  // thread ends. (unminitSignals)
  void Remove();

 private:
  void* mapping_ = nullptr;  // null: it is not ours, or there is none
};

}  // namespace heddle::os

#endif  // RUNTIME_OS_ALT_STACK_H_
