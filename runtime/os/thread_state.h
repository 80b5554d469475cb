// What the kernel says that a thread is doing.

#ifndef RUNTIME_OS_THREAD_STATE_H_
#define RUNTIME_OS_THREAD_STATE_H_

#include <sys/types.h>

namespace heddle::os {

// Whether the thread `tid` of this process runs or waits for a CPU; false if it
// sleeps in the kernel, is stopped or is no more. Without /proc: true. Some
// 10 us; allocates nothing, leaves errno.
bool ThreadIsRunning(pid_t tid);

}  // namespace heddle::os

#endif  // RUNTIME_OS_THREAD_STATE_H_
