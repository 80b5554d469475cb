#include "heddle/runtime/os/membarrier.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "heddle/runtime/base/throw.h"

namespace heddle::os {
namespace {

long Membarrier(int command) {
  return syscall(SYS_membarrier, command, /*flags=*/0, /*cpu=*/0);
}

// Before main, while there is one thread: with more, the kernel waits until
// each CPU has let go of what it was doing, 10 ms or more.
[[gnu::constructor]] void RegisterEarly() { HaveAsymmetricFences(); }

}  // namespace

bool HaveAsymmetricFences() {
  static const bool have = [] {
    const int saved_errno = errno;
    const bool registered =
        Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
    errno = saved_errno;
    return registered;
  }();
  return have;
}

void AsymmetricHeavyFence() {
  const int saved_errno = errno;
  if (Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0) {
    base::PrintErr("runtime: membarrier failed (errno=%d)\n", errno);
    base::Throw("membarrier");
  }
  errno = saved_errno;
}

}  // namespace heddle::os
