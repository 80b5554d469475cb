// The portable part of thread creation. A backend supplies Backend()
// (thread_backend.h) and nothing else.

#include "heddle/runtime/os/newosproc.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <new>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/signals.h"
#include "heddle/runtime/os/thread_backend.h"

namespace heddle::os {
namespace {

constexpr int kMaxTries = 20;            // Go's maxTries
constexpr int64_t kPauseStepUs = 1'000;  // longer by this after each try

// Travels from NewOsProc to the new thread, which frees it.
struct Launch {
  void (*fn)(void*);
  void* arg;
  sigset_t signal_mask;
};

// noexcept: an exception that leaves `fn` ends the process, on every backend.
void ThreadMain(void* arg) noexcept {
  Launch* launch = static_cast<Launch*>(arg);
  const Launch copy = *launch;
  delete launch;
  SetSignalMask(copy.signal_mask);
  copy.fn(copy.arg);
}

int StartWithRetry(const ThreadStart& start, Launch* launch,
                   ThreadHandle* handle) {
  int error = EAGAIN;
  for (int tries = 1; error == EAGAIN && tries <= kMaxTries; ++tries) {
    error = Backend().start(ThreadMain, launch, start.stack_lo, start.stack_hi,
                            handle);
    if (error == EAGAIN) Usleep(tries * kPauseStepUs);
  }
  return error;
}

[[noreturn]] void ThrowNoThread(int error, int thread_count) {
  base::PrintErr(
      "runtime: failed to create new OS thread (have %d already; errno=%d)\n",
      thread_count, error);
  if (error == EAGAIN) {
    base::PrintErr(
        "runtime: may need to increase max user processes (ulimit -u)\n");
  }
  base::Throw("newosproc");
}

void CheckStack(const ThreadStart& start) {
  if (Backend().stack_is_system_allocated) {
    if (start.stack_lo == 0 && start.stack_hi == 0) return;
    base::PrintErr("runtime: the %s backend makes its stacks itself\n",
                   Backend().name);
  } else {
    if (start.stack_lo != 0 && start.stack_hi > start.stack_lo) return;
    base::PrintErr("runtime: the %s backend needs a stack from its caller\n",
                   Backend().name);
  }
  base::Throw("newosproc: bad stack");
}

}  // namespace

OsThread NewOsProc(const ThreadStart& start, int thread_count) {
  CheckStack(start);
  OsThread thread;
  int error = ENOMEM;
  {
    const ScopedBlockAllSignals block;
    Launch* launch = new (std::nothrow) Launch{
        start.fn, start.arg,
        start.signal_mask != nullptr ? *start.signal_mask : block.previous()};
    if (launch != nullptr) {
      error = StartWithRetry(start, launch, &thread.handle);
      if (error != 0) delete launch;
    }
  }
  if (error != 0) ThrowNoThread(error, thread_count);
  return thread;
}

void OsThreadJoin(OsThread* thread) {
  Backend().join(thread->handle);
  thread->handle = 0;
}

void OsThreadDetach(OsThread* thread) {
  Backend().detach(thread->handle);
  thread->handle = 0;
}

bool OsThreadExited(const OsThread& thread) {
  return Backend().exited(thread.handle);
}

bool MStackIsSystemAllocated() { return Backend().stack_is_system_allocated; }

size_t MStackSize() { return Backend().stack_size(); }

const char* ThreadBackend() { return Backend().name; }

pid_t GetTid() { return static_cast<pid_t>(syscall(SYS_gettid)); }

}  // namespace heddle::os
