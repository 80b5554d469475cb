#include "heddle/runtime/os/alt_stack.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

namespace heddle::os {
namespace {

size_t GuardSize() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

void* Usable(void* mapping) {
  return static_cast<char*>(mapping) + GuardSize();
}

}  // namespace

void AltStack::Install() {
  stack_t now = {};
  if (mapping_ != nullptr || sigaltstack(nullptr, &now) != 0 ||
      (now.ss_flags & SS_DISABLE) == 0) {
    return;
  }
  // Inaccessible at first: the guard page is what stays so.
  void* const mapping = mmap(nullptr, GuardSize() + kSize, PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (mapping == MAP_FAILED) return;
  stack_t ours = {};
  ours.ss_sp = Usable(mapping);
  ours.ss_size = kSize;
  if (mprotect(ours.ss_sp, kSize, PROT_READ | PROT_WRITE) != 0 ||
      sigaltstack(&ours, nullptr) != 0) {
    munmap(mapping, GuardSize() + kSize);
    return;
  }
  mapping_ = mapping;
}

void AltStack::Remove() {
  if (mapping_ == nullptr) return;
  stack_t now = {};
  if (sigaltstack(nullptr, &now) == 0 && now.ss_sp == Usable(mapping_)) {
    stack_t none = {};
    none.ss_flags = SS_DISABLE;
    // EPERM: this is called from a handler that runs on it. Then it stays.
    if (sigaltstack(&none, nullptr) != 0) return;
  }
  munmap(mapping_, GuardSize() + kSize);
  mapping_ = nullptr;
}

}  // namespace heddle::os
