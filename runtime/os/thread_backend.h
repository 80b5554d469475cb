// The contract between the portable part of thread creation (newosproc.cc) and
// what makes the threads. A backend is one target that defines ThreadBackendOps
// Backend(); the label_flag //runtime/os:thread_backend chooses it:
//   :thread_pthread  pthread_create(3); the default
//   :thread_clone    clone(2) on stacks of the runtime's own
// or any target of the user's that keeps this contract.
//
// Only newosproc.cc, backends and their tests include this.

#ifndef RUNTIME_OS_THREAD_BACKEND_H_
#define RUNTIME_OS_THREAD_BACKEND_H_

#include <cstddef>
#include <cstdint>

namespace heddle::os {

// What a backend keeps for a thread; 0 is none.
using ThreadHandle = uintptr_t;

struct ThreadBackendOps {
  // "pthread"; a string literal.
  const char* name;

  // Whether `start` makes the thread's stack; otherwise the caller gives it.
  bool stack_is_system_allocated;

  // Bytes of stack that a thread has, or that the caller should give it.
  size_t (*stack_size)();

  // Starts a thread that calls entry(arg) and ends when it returns; stores the
  // handle before the new thread runs. The stack is [stack_lo, stack_hi), both
  // 0 if it is the system's. All signals are blocked in the calling thread,
  // and must be in the new one. Returns 0, or an error number: EAGAIN if it is
  // worth another try. Callable from any number of threads at once.
  int (*start)(void (*entry)(void*), void* arg, uintptr_t stack_lo,
               uintptr_t stack_hi, ThreadHandle* handle);

  // Whether the thread is off its stack for good. Does not block. The handle's
  // owner calls it, one call at a time.
  bool (*exited)(ThreadHandle handle);

  // Waits until `exited`, then frees what `start` allocated. Once for a handle.
  void (*join)(ThreadHandle handle);

  // Instead of `join`: nobody will. The process exits, and what is not freed
  // here goes with it.
  void (*detach)(ThreadHandle handle);
};

// The backend that was linked; the same at every call, from any thread.
const ThreadBackendOps& Backend();

}  // namespace heddle::os

#endif  // RUNTIME_OS_THREAD_BACKEND_H_
