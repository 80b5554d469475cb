// Lock: the runtime's own mutex. Go's lock_futex: a word that is unlocked,
// locked, or locked with sleepers; a short active spin if there is more than
// one CPU, one sched_yield, then futex.
//
// It blocks the thread, so it is for short sections of runtime code, never for
// users' (heddle::Mutex parks the goroutine). INV-LOCK1: it is never held
// across a context switch, save for the one of park, whose commit releases it
// on the same thread. INV-LOCK2: locks are taken in the order of lock_rank.h.
// In debug builds each thread keeps the chain of the locks that it holds: a
// break of INV-LOCK2 throws and names both locks, and HeldLocks() lets the
// scheduler check INV-LOCK1. std::mutex would know nothing of ranks, and is 40
// bytes; absl::Mutex allocates per thread.
//
// Unlock touches nothing of the lock after its store, so whoever takes it next
// may destroy it.

#ifndef RUNTIME_OS_LOCK_H_
#define RUNTIME_OS_LOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/os/lock_rank.h"

namespace heddle::os {

// How many Locks the calling thread holds; 0 in builds with NDEBUG, which do
// not count. Nothing parks unless it is 0.
int HeldLocks();

class ABSL_LOCKABLE Lock {
 public:
  explicit constexpr Lock(LockRank rank) : rank_(rank) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  // Waits until the lock is free and takes it. Not recursive.
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    NoteTaking();
    // acquire, in all that take the lock: pairs with the exchange in unlock.
    uint32_t free = kUnlocked;
    if (!key_.compare_exchange_strong(free, kLocked, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
      LockSlow();
    }
    NoteTaken();
  }

  // Takes the lock if it is free; true if so. Bound by the ranks as well.
  bool try_lock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    NoteTaking();
    uint32_t free = kUnlocked;
    if (!key_.compare_exchange_strong(free, kLocked, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
      return false;
    }
    NoteTaken();
    return true;
  }

  // Gives the lock back, on the thread that took it; throws
  // "unlock of unlocked lock" if it is free.
  void unlock() ABSL_UNLOCK_FUNCTION() {
    NoteReleasing();
    // release: pairs with whichever acquire takes the lock next.
    const uint32_t old = key_.exchange(kUnlocked, std::memory_order_release);
    if (old != kLocked) UnlockSlow(old);
  }

  LockRank rank() const { return rank_; }

 private:
  friend int HeldLocks();

  static constexpr uint32_t kUnlocked = 0;
  static constexpr uint32_t kLocked = 1;
  static constexpr uint32_t kSleeping = 2;  // locked, and somebody may sleep

  void LockSlow();
  void UnlockSlow(uint32_t old);

#ifdef NDEBUG
  void NoteTaking() {}
  void NoteTaken() {}
  void NoteReleasing() {}
#else
  void NoteTaking() { CheckRank(); }
  void NoteTaken() { PushHeld(); }
  void NoteReleasing() { PopHeld(); }
#endif
  // Out of line, so that no caller keeps a thread_local's address.
  void CheckRank() const;
  void PushHeld();
  void PopHeld();

  std::atomic<uint32_t> key_{kUnlocked};  // the futex word
  const LockRank rank_;
  // The holder's chain: the lock that it took before this one. Written and
  // read by the holder, in debug builds; there always, so that objects of
  // debug and release builds agree about the size.
  Lock* held_before_ = nullptr;
};

// Holds a Lock for a scope.
class ABSL_SCOPED_LOCKABLE LockGuard {
 public:
  explicit LockGuard(Lock& lock) ABSL_EXCLUSIVE_LOCK_FUNCTION(lock)
      : lock_(lock) {
    lock_.lock();
  }
  ~LockGuard() ABSL_UNLOCK_FUNCTION() { lock_.unlock(); }
  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;

 private:
  Lock& lock_;
};

}  // namespace heddle::os

#endif  // RUNTIME_OS_LOCK_H_
