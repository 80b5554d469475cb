// Threads by clone(2), as Go makes them: on a stack that the runtime owns, so
// that it chooses the guard, the place and the moment of freeing.
//
// What works on such a thread as on a pthread: errno, thread_local with
// constructors and destructors, malloc, stdio, locales, the resolver,
// pthread mutexes (robust ones too), condition variables and keys with their
// destructors, pthread_self, pthread_getattr_np on itself, pthread_kill,
// pthread_sigmask, C++ exceptions, fork, dlopen of libraries with TLS,
// sched_getcpu and restartable sequences.
//
// What does not:
// - pthread_join, pthread_detach: OsThreadJoin instead.
// - pthread_exit crashes. pthread_cancel does nothing: cancellation is off.
// - setuid(2) and its like, by any thread, leave this one's ids as they were.
// - Libraries loaded later with *static* TLS find theirs uninitialised here.
// - If main leaves by pthread_exit, the process ends with the last pthread and
//   does not wait for these.
// - Debuggers show the thread, but know no pthread_t for it.
// - Sanitizers do not know such threads: with them CloneOps() says so once and
//   gives the pthread backend's operations.
// x86-64 and aarch64, glibc (glibc_layout.h says which).

#include "heddle/runtime/os/clone_ops.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "absl/base/config.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/glibc_thread.h"
#include "heddle/runtime/os/pthread_ops.h"
#include "heddle/runtime/os/thread_backend.h"

#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || \
    defined(ABSL_HAVE_THREAD_SANITIZER) ||  \
    defined(ABSL_HAVE_MEMORY_SANITIZER) || defined(ABSL_HAVE_LEAK_SANITIZER)
#define HEDDLE_OS_CLONE_SANITIZED 1
#else
#define HEDDLE_OS_CLONE_SANITIZED 0
#endif

namespace heddle::os {
namespace {

// What handle points to.
struct Thread {
  void (*entry)(void*);
  void* arg;
  ThreadArea area;
};

}  // namespace

#if defined(__x86_64__) || defined(__aarch64__)

extern "C" {

// thread_clone_ARCH.S: clone(2), whose child calls HeddleCloneMain(arg) on the
// stack that ends at `stack_hi`. Returns, in the parent, the child's id or a
// negative error number. errno stays as it is.
long HeddleClone(unsigned long flags, uintptr_t stack_hi, void* parent_tid,
                 void* child_tid, uintptr_t tp, void* arg);

// The new thread's first function, and its last. noexcept ends the unwinding
// of an exception that nobody catches.
[[noreturn]] void HeddleCloneMain(void* arg) noexcept {
  EnterThread();
  const Thread* thread = static_cast<Thread*>(arg);
  thread->entry(thread->arg);
  LeaveThread(thread->area);
  // Ends this thread only. Then the kernel clears the tid and wakes Join.
  while (true) syscall(SYS_exit, 0);
}

}  // extern "C"

#else

namespace {
long HeddleClone(unsigned long, uintptr_t, void*, void*, uintptr_t, void*) {
  base::PrintErr(
      "runtime: the clone thread backend has no code for this CPU; build with "
      "--//runtime/os:thread_backend=//runtime/os:thread_pthread\n");
  base::Throw("clone thread backend: unsupported CPU");
}
}  // namespace

#endif

namespace {

// TLS is not on it: frames of C++ code that runs on g0, and signal handlers'.
size_t StackSize() { return 256 << 10; }

int Start(void (*entry)(void*), void* arg, uintptr_t stack_lo,
          uintptr_t stack_hi, ThreadHandle* handle) {
  Thread* thread = new (std::nothrow) Thread{entry, arg, {}};
  if (thread == nullptr) return ENOMEM;
  if (const int error = NewThreadArea(stack_lo, stack_hi, &thread->area)) {
    delete thread;
    return error;
  }
  *handle = reinterpret_cast<ThreadHandle>(thread);
  // Go's, and the thread area: SETTLS and the two that report the thread id.
  constexpr unsigned long kFlags =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_SYSVSEM |
      CLONE_THREAD | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
  constexpr uintptr_t kStackAlignment = 16;
  const long tid =
      HeddleClone(kFlags, stack_hi & ~(kStackAlignment - 1), thread->area.tid,
                  thread->area.tid, thread->area.tp, thread);
  if (tid > 0) return 0;
  *handle = 0;
  AbandonThreadArea(thread->area);
  delete thread;
  return static_cast<int>(-tid);
}

bool Exited(ThreadHandle handle) {
  // acquire: the kernel clears the tid after all that the thread did.
  return reinterpret_cast<Thread*>(handle)->area.tid->load(
             std::memory_order_acquire) == 0;
}

void Join(ThreadHandle handle) {
  Thread* thread = reinterpret_cast<Thread*>(handle);
  std::atomic<int32_t>* tid = thread->area.tid;
  // acquire: as in Exited.
  while (const int32_t id = tid->load(std::memory_order_acquire)) {
    // Not FUTEX_PRIVATE: the kernel's wake-up for CLEARTID is not either.
    const int saved_errno = errno;
    syscall(SYS_futex, tid, FUTEX_WAIT, id, nullptr, nullptr, 0);
    errno = saved_errno;
  }
  FreeThreadArea(thread->area);
  delete thread;
}

// Nobody waits for one of these.
void Detach(ThreadHandle /*handle*/) {}

constexpr ThreadBackendOps kCloneOps = {
    .name = "clone",
    .stack_is_system_allocated = false,
    .stack_size = StackSize,
    .start = Start,
    .exited = Exited,
    .join = Join,
    .detach = Detach,
};

}  // namespace

const ThreadBackendOps& CloneOps() {
#if HEDDLE_OS_CLONE_SANITIZED
  [[maybe_unused]] static const bool told = [] {
    base::PrintErr(
        "runtime: the clone backend is off under sanitizers, using pthread\n");
    return true;
  }();
  static_cast<void>(kCloneOps);
  return PthreadOps();
#else
  return kCloneOps;
#endif
}

}  // namespace heddle::os
