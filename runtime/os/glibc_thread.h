// The life of a thread area of glibc's, for a thread that clone(2) starts:
// made and freed by the creator, entered and left by the thread.
//
//   NewThreadArea → clone(2) → EnterThread … LeaveThread → exit(2)
//                 → tid is 0 → FreeThreadArea
//
// INV-AREA1: between the last step of LeaveThread and exit(2) the thread uses
// nothing of libc's. A dynamic libc gives no way to free malloc's per-thread
// cache from outside; so libc's thread_locals, which hold it, pass as they are
// to the next thread that is started, which goes on where this one ended.
// Neither leaks, and a new thread has a warm cache. A static program calls
// __libc_thread_freeres instead, as pthreads do.

#ifndef RUNTIME_OS_GLIBC_THREAD_H_
#define RUNTIME_OS_GLIBC_THREAD_H_

#include <atomic>
#include <cstdint>

namespace heddle::os {

struct LibcState;

struct ThreadArea {
  uintptr_t tp = 0;  // for CLONE_SETTLS
  // For CLONE_PARENT_SETTID and CLONE_CHILD_CLEARTID.
  std::atomic<int32_t>* tid = nullptr;
  LibcState* libc_state = nullptr;
};

// Makes the area of a thread with the stack [stack_lo, stack_hi). Returns 0 or
// an error number; throws if this libc is not supported. From any thread, with
// all signals blocked.
int NewThreadArea(uintptr_t stack_lo, uintptr_t stack_hi, ThreadArea* area);

// Frees the area of a thread that is gone.
void FreeThreadArea(const ThreadArea& area);

// Frees the area of a thread that never was.
void AbandonThreadArea(const ThreadArea& area);

// What must come first in the new thread.
void EnterThread();

// What must come last: runs the destructors of thread_locals and of pthread
// keys, lets go of what libc holds, and blocks all signals for good.
void LeaveThread(const ThreadArea& area);

}  // namespace heddle::os

#endif  // RUNTIME_OS_GLIBC_THREAD_H_
