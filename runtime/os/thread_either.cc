// Both backends in one program; the environment variable HEDDLE_THREAD_BACKEND
// chooses one at the first call: "pthread", the default, or "clone". This
// repository's own tests are linked with it (.bazelrc), so that the same
// binaries run on each backend and nothing is built twice. Programs have one
// backend, by the label_flag.

#include <cstdlib>
#include <string_view>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/clone_ops.h"
#include "heddle/runtime/os/pthread_ops.h"
#include "heddle/runtime/os/thread_backend.h"

namespace heddle::os {
namespace {

constexpr char kVariable[] = "HEDDLE_THREAD_BACKEND";

const ThreadBackendOps& Chosen() {
  const char* const name = std::getenv(kVariable);
  if (name == nullptr || name == std::string_view("pthread")) {
    return PthreadOps();
  }
  if (name == std::string_view("clone")) return CloneOps();
  base::PrintErr("runtime: %s is \"%s\"; it may be pthread or clone\n",
                 kVariable, name);
  base::Throw("unknown thread backend");
}

}  // namespace

const ThreadBackendOps& Backend() {
  static const ThreadBackendOps& chosen = Chosen();
  return chosen;
}

}  // namespace heddle::os
