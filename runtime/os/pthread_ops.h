// Threads by pthread_create(3): the default backend, and what the clone
// backend falls back to where only the system's threads work.

#ifndef RUNTIME_OS_PTHREAD_OPS_H_
#define RUNTIME_OS_PTHREAD_OPS_H_

#include "heddle/runtime/os/thread_backend.h"

namespace heddle::os {

// Joinable pthreads on stacks that libc makes, with a guard page.
const ThreadBackendOps& PthreadOps();

}  // namespace heddle::os

#endif  // RUNTIME_OS_PTHREAD_OPS_H_
