#include "heddle/runtime/os/pthread_ops.h"
#include "heddle/runtime/os/thread_backend.h"

namespace heddle::os {

const ThreadBackendOps& Backend() { return PthreadOps(); }

}  // namespace heddle::os
