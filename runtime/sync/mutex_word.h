// MutexWord: the word that a Mutex is, and who may change what in it.
//
//   kLocked   somebody holds it
//   kWaiters  the queue is not empty
//   kWoken    a waiter was woken and competes: no need for another
//   kShared   not long ago somebody wanted it who did not get it at once
//   kWanted   somebody does, and it is not kShared yet: a hint, may get lost
//   above     how often in a row it was given back with nobody in the way
//
// A mutex that nobody else wants takes one locked instruction, and not two: it
// is given back by a plain store. Once it is wanted it is kShared, and is given
// back by a compare-and-swap, until nobody has been in the way for a long time.
//
// It becomes shared most often without any cost: the holder sees kWanted when
// it gives it back, or who wants it takes it when it is free. But who has to
// wait for a holder that goes on and on has to tell it that there is a queue,
// and a plain store may wipe out what is written meanwhile. So the first to
// wait raises a flag before, at which the holder looks after its store. The
// flag is not in the mutex, which may be gone by then, but in a table
// (mutex_table.h).
//
//   holder, GiveBackAlone                  waiter, under the bucket's lock
//   1. the word is kLocked, no more        1. raises the flag
//   2. stores 0                            2. heavy fence
//   3. light fence                         3. Announce: kLocked becomes
//   4. looks at the flag                      kLocked | kWaiters | kShared
//
// Either step 1 sees that the mutex is shared. Or step 2 comes after step 3;
// then it comes after the heavy fence, so step 4 sees the flag, and the holder
// says again what it has wiped out (AnnounceAgain). The heavy fence is dear: 10
// us on a virtual machine whose other CPU is busy.
//
// INV-MW1  If the word is kShared, its holder does not give it back by a plain
//          store, unless the flag is up for it.
// INV-MW2  Under the bucket's lock kWaiters says whether the queue is empty,
//          unless the flag is up for it. kWaiters and kWoken come with kShared.
// INV-MW3  While the flag is up for it, nobody is woken: somebody is in the
//          queue, or about to be, and who wakes the first lowers the flag.
//
// Rejected: a restartable sequence for steps 1 and 2 (rseq(2)): nothing to look
// at afterwards, but two stores more, and a thread that is not registered for
// it would have to be told apart.
//
// Atomics is a policy so that the model checker runs this very code
// (mutex_model_test.cc).

#ifndef RUNTIME_SYNC_MUTEX_WORD_H_
#define RUNTIME_SYNC_MUTEX_WORD_H_

#include <atomic>
#include <cstdint>

#include "heddle/runtime/os/membarrier.h"

namespace heddle::sync {

// The Atomics policy of the running program.
struct MutexAtomics : os::AsymmetricAtomics {
  // After so many times with nobody in the way it is shared no more. A plain
  // store spares 2 ns, and to share it again may take 10 us.
  static constexpr uint32_t kCalm = 8192;
};

template <typename Atomics>
class BasicMutexWord {
 public:
  constexpr BasicMutexWord() = default;
  BasicMutexWord(const BasicMutexWord&) = delete;
  BasicMutexWord& operator=(const BasicMutexWord&) = delete;

  // Takes it if it is free; true if so.
  bool TryTake() {
    uint32_t word = word_.load(std::memory_order_relaxed);
    while ((word & kLocked) == 0) {
      // Acquire, here and in Contend: pairs with the release of whatever gave
      // it back.
      if (word_.compare_exchange_strong(word, word | kLocked,
                                        std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  // The same for one that did not get it at once, and says so. `woken`: the
  // caller has kWoken, which goes with it.
  bool Contend(bool woken) {
    uint32_t word = word_.load(std::memory_order_relaxed);
    for (;;) {
      const bool free = (word & kLocked) == 0;
      if (!free && (word & (kShared | kWanted)) != 0) return false;
      const uint32_t next = free ? kLocked | kShared | (word & kWaiters) |
                                       (woken ? 0 : word & kWoken)
                                 : word | kWanted;
      if (word_.compare_exchange_strong(word, next, std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
        return free;
      }
    }
  }

  bool IsLocked() const {
    return (word_.load(std::memory_order_relaxed) & kLocked) != 0;
  }

  // ---- The holder ----

  // Gives it back if it is not shared; true if so. The caller then looks at the
  // flag, and no more at the mutex.
  [[nodiscard]] bool GiveBackAlone() {
    if (word_.load(std::memory_order_relaxed) != kLocked) return false;
    // Release, wherever it is given back: pairs with the acquire in TryTake.
    word_.store(0, std::memory_order_release);
    Atomics::LightFence();
    return true;
  }

  // Gives it back if nobody is to be woken; true if so. It is shared then.
  [[nodiscard]] bool GiveBackShared() {
    uint32_t word = word_.load(std::memory_order_relaxed);
    while ((word & kLocked) != 0) {
      if ((word & (kWaiters | kWoken)) == kWaiters) return false;
      const uint32_t next = AfterSharing(word & ~kLocked);
      if (word_.compare_exchange_strong(word, next, std::memory_order_release,
                                        std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  // Gives it back, under the bucket's lock, to whom it pleases and to one that
  // was taken off the queue, in which there are `more`.
  void GiveBackAndWake(bool more) {
    // A store will do: nobody takes a mutex that is locked, and who announces
    // himself has the bucket's lock.
    word_.store(kShared | kWoken | (more ? kWaiters : 0),
                std::memory_order_release);
  }

  // Leaves it locked, for one that was taken off the queue.
  void HandOver(bool more) {
    if (!more) word_.fetch_and(~kWaiters, std::memory_order_relaxed);
  }

  // ---- Who waits, under the bucket's lock ----

  enum class Announced {
    kDone,   // whoever gives it back wakes the first in the queue
    kFree,   // it is not locked any more
    kAlone,  // the flag has to be raised, which it is not yet
  };

  Announced Announce(bool woken, bool raised) {
    uint32_t word = word_.load(std::memory_order_relaxed);
    while ((word & kLocked) != 0) {
      if ((word & kShared) == 0 && !raised) return Announced::kAlone;
      const uint32_t next =
          kLocked | kWaiters | kShared | (woken ? 0 : word & kWoken);
      // Relaxed: the queue is under the lock.
      if (word_.compare_exchange_strong(word, next, std::memory_order_relaxed,
                                        std::memory_order_relaxed)) {
        return Announced::kDone;
      }
    }
    return Announced::kFree;
  }

  // ---- Who gave it back alone and saw the flag, under the bucket's lock ----

  // True: it is free, and the caller takes one off the queue and wakes it;
  // there are `more` in it. False: somebody has it, and will.
  [[nodiscard]] bool AnnounceAgain(bool more) {
    uint32_t word = word_.load(std::memory_order_relaxed);
    for (;;) {
      const bool free = (word & kLocked) == 0;
      const uint32_t next = free ? kShared | kWoken | (more ? kWaiters : 0)
                                 : kLocked | kWaiters | kShared;
      // Relaxed: nothing is given back here.
      if (word_.compare_exchange_strong(word, next, std::memory_order_relaxed,
                                        std::memory_order_relaxed)) {
        return free;
      }
    }
  }

 private:
  static constexpr uint32_t kLocked = 1;
  static constexpr uint32_t kWaiters = 2;
  static constexpr uint32_t kWoken = 4;
  static constexpr uint32_t kShared = 8;
  static constexpr uint32_t kWanted = 16;
  static constexpr uint32_t kOnce = 32;

  // The word of one that is free, and was shared or wanted.
  static uint32_t AfterSharing(uint32_t word) {
    if ((word & (kWoken | kWanted)) != 0) {
      return (word & (kWaiters | kWoken)) | kShared;
    }
    return word / kOnce < Atomics::kCalm ? word + kOnce : 0;
  }

  typename Atomics::template Atomic<uint32_t> word_{0};
};

using MutexWord = BasicMutexWord<MutexAtomics>;

}  // namespace heddle::sync

#endif  // RUNTIME_SYNC_MUTEX_WORD_H_
