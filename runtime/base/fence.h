// The one full fence of the runtime.
//
// ThreadSanitizer does not understand std::atomic_thread_fence (g++ refuses to
// compile it with -Wtsan): there the fence is a locked read-modify-write on a
// variable of its own, which orders the same accesses in hardware.

#ifndef RUNTIME_BASE_FENCE_H_
#define RUNTIME_BASE_FENCE_H_

#include <atomic>

#include "absl/base/config.h"

namespace heddle::base {

// Orders every store before it ahead of every load after it (#StoreLoad), for
// protocols in which each of two threads writes one variable and then reads
// the other's. Both sides need it.
inline void StoreLoadFence() {
#ifdef ABSL_HAVE_THREAD_SANITIZER
  std::atomic<int> own{0};
  own.fetch_add(1, std::memory_order_seq_cst);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

}  // namespace heddle::base

#endif  // RUNTIME_BASE_FENCE_H_
