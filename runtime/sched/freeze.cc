#include "heddle/runtime/sched/freeze.h"

#include <climits>

#include "heddle/runtime/os/futex.h"

namespace heddle::sched {

constinit std::atomic<uint32_t> frozen{0};

void WaitForThaw() {
  for (;;) {
    const uint32_t n = frozen.load(std::memory_order_acquire);
    if (n == 0) return;
    os::FutexSleep(&frozen, n, -1);
  }
}

bool Freeze() {
  frozen.fetch_add(1, std::memory_order_seq_cst);
  if (!os::HaveAsymmetricFences()) return false;
  os::AsymmetricHeavyFence();
  return true;
}

void Thaw() {
  // Release: pairs with the acquire in Frozen and WaitForThaw. Sleepers are
  // woken for each change: they sleep on the number.
  frozen.fetch_sub(1, std::memory_order_release);
  os::FutexWakeup(&frozen, INT_MAX);
}

}  // namespace heddle::sched
