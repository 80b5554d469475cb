// A bit per P, read and written by anyone, one bit at a time.
//
// Source: Go 1.21's pMask.

#ifndef RUNTIME_SCHED_P_MASK_H_
#define RUNTIME_SCHED_P_MASK_H_

#include <atomic>
#include <cstdint>

#include "heddle/runtime/base/atomics.h"
#include "heddle/runtime/sched/options.h"

namespace heddle::sched {

// kSize and Atomics are for the model checker.
template <int32_t kSize = kMaxProcs, typename Atomics = base::StdAtomics>
class BasicPMask {
 public:
  // Sequentially consistent: an M that goes to sleep skips Ps by this mask in
  // its last look at the queues (m_lifecycle.h); a P gets its first work after
  // Clear.
  bool Read(int32_t id) const {
    return (words_[id / 32].load(std::memory_order_seq_cst) & Bit(id)) != 0;
  }
  void Set(int32_t id) {
    words_[id / 32].fetch_or(Bit(id), std::memory_order_seq_cst);
  }
  void Clear(int32_t id) {
    words_[id / 32].fetch_and(~Bit(id), std::memory_order_seq_cst);
  }

 private:
  static uint32_t Bit(int32_t id) { return uint32_t{1} << (id % 32); }

  typename Atomics::template Atomic<uint32_t>
      words_[(static_cast<size_t>(kSize) + 31) / 32] = {};
};

using PMask = BasicPMask<>;

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_P_MASK_H_
