// The gate between user code and the runtime: how a P is taken away from an M
// whose goroutine does not come back to the scheduler.
//
// C++ code cannot be stopped anywhere and moved. But while it runs user code an
// M does not use its P, so that can be taken, and given to an M that has work,
// without a word to the thread. The goroutine goes on without a P, paced by the
// kernel, and finds out when it next enters the runtime, at the gate; there it
// queues for another one.
//
//   M, entering                       taker
//   1. locks = 1                      1. steal: none -> asked
//   2. light fence                    2. heavy fence
//   3. steal == none: goes on         3. locks == 0: steal: asked -> taken
//
// Either the taker sees locks == 1 and lets go, or the M sees that steal is not
// none. Then one compare-and-swap on it decides: asked -> none, by the M, keeps
// the P; asked -> taken, by the taker, takes it. While steal is `asked` and the
// taker has seen locks == 0, the M cannot have come and gone: it would have
// settled first. So what the taker reads of the M's in between is true if its
// compare-and-swap succeeds.
//
// INV-GT1  locks > 0: the M is inside the runtime, on g0 for one, and its P
//          stays. locks == 0: it runs user code and touches nothing of the P's.
// INV-GT2  Only the M's thread writes locks. steal goes back to none by the M
//          alone once it is taken.
// INV-GT3  There is one taker at a time (its caller has a lock).
//
// The M pays two plain stores, two loads and a branch for an entry, and no
// locked instruction; the fences are membarrier(2)'s (os/membarrier.h).
// Rejected: a signal to the thread (EINTR in system calls of libraries that do
// not expect it, handlers on goroutines' stacks, async-signal safety);
// compare-and-swaps on the P's status at each entry, as Go does for system
// calls (3 ns each way).
//
// Fences is a policy so that the model checker runs this very code
// (gate_model_test.cc).

#ifndef RUNTIME_SCHED_GATE_H_
#define RUNTIME_SCHED_GATE_H_

#include <atomic>
#include <cstdint>

#include "heddle/runtime/os/membarrier.h"

namespace heddle::sched {

template <typename Atomics>
class BasicGate {
 public:
  // An M is born inside, on g0.
  constexpr BasicGate() = default;
  BasicGate(const BasicGate&) = delete;
  BasicGate& operator=(const BasicGate&) = delete;

  // ---- The M's own thread ----

  // Goes one level in. True: Settle has to be called first of all.
  [[nodiscard]] bool Enter() {
    const int32_t n = locks_.load(std::memory_order_relaxed);
    locks_.store(n + 1, std::memory_order_relaxed);
    if (n != 0) return false;
    Atomics::LightFence();
    // Acquire: pairs with the release in Take.
    return steal_.load(std::memory_order_acquire) != kNone;
  }

  // Whether the P was taken; if not, it stays while the M is inside.
  [[nodiscard]] bool Settle() {
    uint32_t state = kAsked;
    if (steal_.compare_exchange_strong(state, kNone, std::memory_order_acquire,
                                       std::memory_order_acquire) ||
        state == kNone) {
      return false;
    }
    // Nobody asks before it is none again (INV-GT2).
    steal_.store(kNone, std::memory_order_relaxed);
    return true;
  }

  // Goes one level out.
  void Leave() {
    // Release: pairs with the acquire in Open; the taker then has the P with
    // all that was done to it.
    locks_.store(locks_.load(std::memory_order_relaxed) - 1,
                 std::memory_order_release);
  }

  // How many levels in. Of another M: a guess.
  int32_t locks() const { return locks_.load(std::memory_order_relaxed); }

  // ---- A taker ----

  // Asks for the P; then a heavy fence, one for any number of gates. False if
  // the M has not noticed yet that an earlier one was taken.
  [[nodiscard]] bool Ask() {
    uint32_t none = kNone;
    return steal_.compare_exchange_strong(
        none, kAsked, std::memory_order_relaxed, std::memory_order_relaxed);
  }

  // Whether the M runs user code. After Ask and the fence.
  [[nodiscard]] bool Open() const {
    return locks_.load(std::memory_order_acquire) == 0;
  }

  // Takes the P, after Open; false if the M has come in meanwhile.
  [[nodiscard]] bool Take() {
    uint32_t asked = kAsked;
    // Release: pairs with the acquires in Enter and Settle.
    return steal_.compare_exchange_strong(
        asked, kTaken, std::memory_order_release, std::memory_order_relaxed);
  }

  // Asks no more.
  void Withdraw() {
    uint32_t asked = kAsked;
    steal_.compare_exchange_strong(asked, kNone, std::memory_order_relaxed,
                                   std::memory_order_relaxed);
  }

 private:
  static constexpr uint32_t kNone = 0;
  static constexpr uint32_t kAsked = 1;
  static constexpr uint32_t kTaken = 2;

  template <typename T>
  using Atomic = typename Atomics::template Atomic<T>;

  Atomic<int32_t> locks_{1};
  Atomic<uint32_t> steal_{kNone};
};

using Gate = BasicGate<os::AsymmetricAtomics>;

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GATE_H_
