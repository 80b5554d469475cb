// The counters of the spinning protocol (m_lifecycle.h tells it) and the
// lock-free decisions on them. Sched derives from it; the model test runs the
// same code under a model checker.
//
// INV-SP1  If there is a runnable goroutine and an idle P, some M spins or is
//          about to get a P and look for it.
//
// Everything is sequentially consistent where one side writes one variable and
// then reads another, and the other side the other way around: a run queue,
// nmspinning, needspinning and npidle are such pairs of each other. A single
// order of all these accesses lets one of two who meet see the other.
//
// Source: Go 1.21's wakep, becomeSpinning, resetspinning, handoffp, pidleput,
// pidleget, pidlegetSpinning. Difference: Go's wakep takes the lock to find
// that no P is idle; WantSpinner reads npidle first.

#ifndef RUNTIME_SCHED_SPINNING_H_
#define RUNTIME_SCHED_SPINNING_H_

#include <atomic>
#include <cstdint>

#include "heddle/runtime/base/atomics.h"

namespace heddle::sched {

template <typename Atomics = base::StdAtomics>
struct BasicSpinning {
  template <typename T>
  using Atomic = typename Atomics::template Atomic<T>;

  // Ms that look for work, or were promised a P to do so. A submitter writes a
  // queue and then reads this; a spinning M lowers this and then reads the
  // queues. One of them sees the other.
  Atomic<int32_t> nmspinning{0};
  // Work came while no P was idle: whoever is about to give its P up looks
  // again.
  Atomic<uint32_t> needspinning{0};
  // Ps on the idle list. Written under the scheduler's lock.
  Atomic<int32_t> npidle{0};

  // ---- The submitter, after it has queued its work ----

  // Whether a P may be idle. If not, whoever gives one up next will find
  // needspinning set: it raises npidle and then reads that, we set that and
  // then read npidle again.
  bool WantSpinner() {
    if (npidle.load(std::memory_order_seq_cst) != 0) return true;
    // Only read, as a rule: each submission on a busy machine comes by.
    if (needspinning.load(std::memory_order_seq_cst) == 0) {
      needspinning.store(1, std::memory_order_seq_cst);
    }
    return npidle.load(std::memory_order_seq_cst) != 0;
  }

  // Counts the caller, or the M that it will start, as the one that spins.
  // False if one does: it will see the work, or hand on to one that does.
  bool ClaimSpinning() {
    int32_t none = 0;
    return nmspinning.load(std::memory_order_seq_cst) == 0 &&
           nmspinning.compare_exchange_strong(none, 1,
                                              std::memory_order_seq_cst);
  }

  // ---- Who has a P in hand ----

  // The same for HandoffP, whose P is idle, if all others are busy.
  bool ClaimSpinningIfAllBusy() {
    if (npidle.load(std::memory_order_seq_cst) != 0 || !ClaimSpinning()) {
      return false;
    }
    needspinning.store(0, std::memory_order_seq_cst);
    return true;
  }

  // Counts one more, which has a P: it will look at all queues.
  void AddSpinning() {
    nmspinning.fetch_add(1, std::memory_order_seq_cst);
    needspinning.store(0, std::memory_order_seq_cst);
  }

  // Counts one less. The queues are read after it. False: there was none.
  [[nodiscard]] bool LowerSpinning() {
    return nmspinning.fetch_sub(1, std::memory_order_seq_cst) >= 1;
  }

  // Whether work was announced to whoever gives its P up. Read after
  // RaiseIdle, or under the lock before it.
  bool WorkAnnounced() const {
    return needspinning.load(std::memory_order_seq_cst) != 0;
  }

  // ---- The idle list, under the scheduler's lock ----

  void RaiseIdle() { npidle.fetch_add(1, std::memory_order_seq_cst); }
  void LowerIdle() { npidle.fetch_sub(1, std::memory_order_relaxed); }
  // Somebody has work, or nmspinning raised, and got no P.
  void AnnounceWork() { needspinning.store(1, std::memory_order_seq_cst); }
};

using Spinning = BasicSpinning<>;

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SPINNING_H_
