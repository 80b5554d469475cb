// The stack of a goroutine that runs on another thread, found by that thread
// itself, in the handler of a signal: nobody else can read it while it runs.
//
// The signal is SIGURG, as Go's for such purposes: by default it does nothing,
// and programs that use it have to expect it at any time. It is queued with the
// address of the request, so signals that are somebody else's go on to the
// handler that was there before. A system call that it interrupts is restarted,
// but for those that never are (poll(2), nanosleep(2), …): they return EINTR.

#ifndef RUNTIME_DEBUG_THREAD_STACK_H_
#define RUNTIME_DEBUG_THREAD_STACK_H_

#include <sys/types.h>

#include "heddle/runtime/debug/frames.h"

namespace heddle::sched {
struct G;
}  // namespace heddle::sched

namespace heddle::debug {

struct ThreadStack {
  // The goroutine that the thread runs, null if none.
  const sched::G* gp = nullptr;
  Frames frames;
};

// So many threads that do not answer, and a report asks no more of them.
inline constexpr int kMaxSilent = 10;

// Asks thread `tid` of this process. False if it does not answer within
// 100 ms: it blocks the signal, or is gone, or in the kernel where no signal
// reaches it. One caller at a time; another one's call fails. Nothing allocates
// or locks.
bool AskThread(pid_t tid, ThreadStack* out);

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_THREAD_STACK_H_
