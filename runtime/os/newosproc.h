// OS threads for the runtime's Ms: Go's newosproc.
//
// The portable part (this header and newosproc.cc) blocks signals across the
// creation, tries again when the system is short of threads, and reports
// failures. The threads themselves come from a backend (thread_backend.h),
// which the label_flag //runtime/os:thread_backend chooses:
//
//   pthread (default)  libc makes the stack; all of libc works.
//   clone              the runtime makes the stack; clone_ops.cc says what
//                      does not work on such threads.
//
// Rejected: std::thread, which chooses neither stack size nor signal mask;
// detached threads, whose stack nobody knows to be free.

#ifndef RUNTIME_OS_NEWOSPROC_H_
#define RUNTIME_OS_NEWOSPROC_H_

#include <signal.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>

namespace heddle::os {

// What a new thread does, and where.
struct ThreadStart {
  // Called in the new thread; the thread ends when it returns. An exception
  // that leaves it ends the process.
  void (*fn)(void* arg);
  void* arg;
  // The thread's stack, [stack_lo, stack_hi), with any guard page outside it.
  // Both 0 if MStackIsSystemAllocated(), never otherwise.
  uintptr_t stack_lo = 0;
  uintptr_t stack_hi = 0;
  // The signal mask with which `fn` starts; null: that of the creator. Read
  // before NewOsProc returns.
  const sigset_t* signal_mask = nullptr;
};

// A thread that was started and is not joined yet. Plain data: its owner may
// copy it and must join it once.
struct OsThread {
  uintptr_t handle = 0;  // 0: none
};

// Starts an OS thread. All signals are blocked from before it exists until
// just before `fn`, so no handler sees it half made. EAGAIN is tried again up
// to 20 times with a growing pause, 0.2 s in all (Go's retryOnEAGAIN); then, or
// at once for any other error, prints how many threads there are,
// `thread_count`, with the limit to raise, and throws "newosproc". Allocates
// with malloc. From any thread, on g0 or a stack of the system's.
OsThread NewOsProc(const ThreadStart& start, int thread_count);

// Waits until the thread is off its stack for good, which may be freed then;
// frees what else belonged to it and clears *thread. (/proc may list it for
// some microseconds yet.) Once for each thread, not from the thread itself.
void OsThreadJoin(OsThread* thread);

// Instead of OsThreadJoin, in a process that exits: nobody will join it. Its
// stack is not freed, if the caller has made it. Clears *thread. By the owner.
void OsThreadDetach(OsThread* thread);

// Whether OsThreadJoin would return at once. For the owner, one call at a time.
bool OsThreadExited(const OsThread& thread);

// Whether NewOsProc makes the stack (pthread) or the caller gives one (clone).
bool MStackIsSystemAllocated();

// The size in bytes of the stack that a thread gets, or should be given.
size_t MStackSize();

// The name of the backend at work: "pthread" or "clone".
const char* ThreadBackend();

// The calling thread's id in the system (gettid).
pid_t GetTid();

}  // namespace heddle::os

#endif  // RUNTIME_OS_NEWOSPROC_H_
