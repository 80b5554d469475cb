#include "heddle/runtime/os/fork.h"

#include <pthread.h>

#include <atomic>

#include "heddle/runtime/base/throw.h"

namespace heddle::os {
namespace {

constinit std::atomic<uint32_t> forks{0};

void Register(void (*before)(), void (*after)(), void (*in_child)()) {
  if (pthread_atfork(before, after, in_child) != 0) {
    base::Throw("out of memory: no room for a handler of fork");
  }
}

// Before other handlers, which come in the order of their registration.
void CountForks() {
  static const bool counts = [] {
    Register(nullptr, nullptr,
             [] { forks.fetch_add(1, std::memory_order_relaxed); });
    return true;
  }();
  static_cast<void>(counts);
}

[[gnu::constructor]] void CountForksEarly() { CountForks(); }

}  // namespace

uint32_t Forks() { return forks.load(std::memory_order_relaxed); }

void AtFork(void (*in_child)(), void (*before)(), void (*after)()) {
  CountForks();
  Register(before, after, in_child);
}

}  // namespace heddle::os
