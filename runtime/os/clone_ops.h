// Threads by clone(2), on stacks that the runtime makes. clone_ops.cc says what
// works on such a thread and what does not.

#ifndef RUNTIME_OS_CLONE_OPS_H_
#define RUNTIME_OS_CLONE_OPS_H_

#include "heddle/runtime/os/thread_backend.h"

namespace heddle::os {

// The operations of the clone backend. Under a sanitizer of the compiler's:
// those of the pthread backend, after one line on standard error, as sanitizers
// do not know threads that clone(2) made. The same at every call, from any
// thread.
const ThreadBackendOps& CloneOps();

}  // namespace heddle::os

#endif  // RUNTIME_OS_CLONE_OPS_H_
