#include "heddle/runtime/os/clone_ops.h"
#include "heddle/runtime/os/thread_backend.h"

namespace heddle::os {

const ThreadBackendOps& Backend() { return CloneOps(); }

}  // namespace heddle::os
