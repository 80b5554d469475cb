#include "heddle/runtime/os/pthread_ops.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <new>

#include "absl/base/config.h"
#include "heddle/runtime/base/throw.h"

namespace heddle::os {
namespace {

// What handle points to.
struct Thread {
  pthread_t thread;
  bool joined = false;  // by `exited`; the handle's owner alone touches it
  void (*entry)(void*);
  void* arg;
  // The handle's owner, and the thread until it has read the two above.
  std::atomic<int> users{2};
};

void Drop(Thread* t) {
  // Release and acquire: the last one frees what the other has read.
  if (t->users.fetch_sub(1, std::memory_order_acq_rel) == 1) delete t;
}

size_t StackSize() {
#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || \
    defined(ABSL_HAVE_THREAD_SANITIZER) || defined(ABSL_HAVE_MEMORY_SANITIZER)
  constexpr size_t kUsable = 2 << 20;  // their frames and runtimes are larger
#else
  constexpr size_t kUsable = 256 << 10;
#endif
  // libc puts the static TLS, however large, on the stack. This is its size
  // and a little more (glibc 2.34); older ones add the TLS themselves.
  const long least = sysconf(_SC_THREAD_STACK_MIN);
  const size_t size = kUsable + (least > 0 ? static_cast<size_t>(least) : 0);
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

void* Main(void* thread) {
  auto* t = static_cast<Thread*>(thread);
  void (*const entry)(void*) = t->entry;
  void* const arg = t->arg;
  Drop(t);
  entry(arg);
  return nullptr;
}

int Start(void (*entry)(void*), void* arg, uintptr_t /*stack_lo*/,
          uintptr_t /*stack_hi*/, ThreadHandle* handle) {
  Thread* t = new (std::nothrow) Thread;
  if (t == nullptr) return ENOMEM;
  t->entry = entry;
  t->arg = arg;
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error == 0) {
    error = pthread_attr_setstacksize(&attributes, StackSize());
    if (error == 0) {
      // The new thread may read the handle before pthread_create has returned.
      *handle = reinterpret_cast<ThreadHandle>(t);
      error = pthread_create(&t->thread, &attributes, Main, t);
    }
    pthread_attr_destroy(&attributes);
  }
  if (error != 0) {
    *handle = 0;
    delete t;
  }
  return error;
}

bool Exited(ThreadHandle handle) {
  Thread* t = reinterpret_cast<Thread*>(handle);
  // To join it is the only way to learn that a thread is off its stack.
  if (!t->joined) t->joined = pthread_tryjoin_np(t->thread, nullptr) == 0;
  return t->joined;
}

void Join(ThreadHandle handle) {
  Thread* t = reinterpret_cast<Thread*>(handle);
  if (!t->joined) {
    if (const int error = pthread_join(t->thread, nullptr)) {
      base::PrintErr("runtime: pthread_join failed (errno=%d)\n", error);
      base::Throw("OsThreadJoin");
    }
  }
  Drop(t);
}

void Detach(ThreadHandle handle) {
  Thread* t = reinterpret_cast<Thread*>(handle);
  if (!t->joined) pthread_detach(t->thread);
  Drop(t);
}

}  // namespace

const ThreadBackendOps& PthreadOps() {
  static constexpr ThreadBackendOps kOps = {
      .name = "pthread",
      .stack_is_system_allocated = true,
      .stack_size = StackSize,
      .start = Start,
      .exited = Exited,
      .join = Join,
      .detach = Detach,
  };
  return kOps;
}

}  // namespace heddle::os
