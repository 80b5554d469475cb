#include "heddle/runtime/os/membarrier.h"

#include <linux/membarrier.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "heddle/runtime/base/throw.h"

namespace heddle::os {
namespace {

long Membarrier(int command) {
  return syscall(SYS_membarrier, command, /*flags=*/0, /*cpu=*/0);
}

// Runs on each CPU for a moment: whoever ran there has been interrupted, and so
// was every other thread that runs now. A hundred times slower than
// membarrier(2), which a seccomp filter may have forbidden meanwhile. (What
// liburcu had before it.) False if the system does not allow it.
bool VisitAllCpus() {
  cpu_set_t before;
  if (sched_getaffinity(0, sizeof before, &before) != 0) return false;
  bool any = false;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    // Where this one may not run no thread of the process may.
    if (sched_setaffinity(0, sizeof one, &one) == 0) any = true;
  }
  return any && sched_setaffinity(0, sizeof before, &before) == 0;
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
    const int error = errno;
    if (!VisitAllCpus()) {
      base::PrintErr(
          "runtime: membarrier(2) worked when the program began, and fails now "
          "(errno=%d); nor can this thread choose its CPU, which would do. "
          "Allow one of them in the seccomp filter, or install that before the "
          "program begins\n",
          error);
      base::Throw("membarrier");
    }
  }
  errno = saved_errno;
}

}  // namespace heddle::os
