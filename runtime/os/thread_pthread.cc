#include "runtime/os/pthread_ops.h"
#include "runtime/os/thread_backend.h"

namespace heddle::os {

const ThreadBackendOps& Backend() { return PthreadOps(); }

}  // namespace heddle::os
