#include "heddle/runtime/sched/mmap_for_test.h"

#include <sys/mman.h>

#include <cerrno>

namespace heddle::sched {

std::atomic<bool> mmap_fails{false};

}  // namespace heddle::sched

extern "C" {
void* __real_mmap(void*, size_t, int, int, int, off_t);
void* __wrap_mmap(void* addr, size_t size, int prot, int flags, int fd,
                  off_t offset) {
  if (heddle::sched::mmap_fails.load(std::memory_order_relaxed)) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return __real_mmap(addr, size, prot, flags, fd, offset);
}
}
