// Mutex: Go's sync.Mutex. A goroutine that has to wait parks; a plain thread
// blocks.
//
// Two modes, as in Go. Normally waiters queue up first in, first out, but one
// that is woken competes with those that come along, which have the advantage
// of running already. A waiter that has lost for a millisecond makes the mutex
// starving: then Unlock hands it over to the first waiter directly, and who
// comes along queues up.
//
//   state_: kLocked   somebody holds it
//           kWaiters  the queue is not empty
//           kWoken    a waiter was woken and competes: no need for another
//
// INV-MU1  kWaiters and the queue change together, under lock_.
// INV-MU2  Only a waiter that was granted the mutex finds kLocked set and owns
//          it all the same.
//
// Source: Go 1.21's sync/mutex.go for the behaviour. There, waiters are in the
// semaphore table, by the mutex's address; here the queue is in the mutex,
// which spares the table and its shared locks, at 40 bytes.

#ifndef RUNTIME_SYNC_MUTEX_H_
#define RUNTIME_SYNC_MUTEX_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "runtime/os/lock.h"
#include "runtime/sanitizer/mutex_hooks.h"
#include "runtime/sync/waiter.h"

namespace heddle {

// Lockable: works with std::lock_guard, std::unique_lock, std::scoped_lock. May
// be unlocked by another goroutine than the one that locked it. Must not be
// destroyed while it is held or waited for.
class ABSL_LOCKABLE Mutex {
 public:
  constexpr Mutex() = default;
#if HEDDLE_TSAN
  ~Mutex() { sanitizer::MutexDestroyed(&announced_); }
#endif
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Waits until the mutex is free and takes it. Not recursive.
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    sanitizer::MutexLocks locks(&announced_);
    uint32_t free = 0;
    // Acquire, wherever the mutex is taken: pairs with the release in Unlock.
    if (!state_.compare_exchange_strong(free, kLocked,
                                        std::memory_order_acquire,
                                        std::memory_order_relaxed)) {
      LockSlow();
    }
    locks.Done();
  }

  // Takes the mutex if it is free; true if so. Never waits.
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    sanitizer::MutexTriesToLock tries(&announced_);
    uint32_t state = state_.load(std::memory_order_relaxed);
    const bool locked = (state & kLocked) == 0 &&
                        state_.compare_exchange_strong(
                            state, state | kLocked, std::memory_order_acquire,
                            std::memory_order_relaxed);
    tries.Done(locked);
    return locked;
  }

  // Gives it back. Of a mutex that is not locked: a fatal error.
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    sanitizer::MutexUnlocks unlocks(&announced_);
    uint32_t locked = kLocked;
    if (!state_.compare_exchange_strong(locked, 0, std::memory_order_release,
                                        std::memory_order_relaxed)) {
      UnlockSlow();
    }
    unlocks.Done();
  }

  // The standard's names.
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { Lock(); }
  bool try_lock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) { return TryLock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { Unlock(); }

 private:
  static constexpr uint32_t kLocked = 1;
  static constexpr uint32_t kWaiters = 2;
  static constexpr uint32_t kWoken = 4;

  void LockSlow();
  void UnlockSlow();
  bool SpinForIt();
  bool TryBarge(bool woken);
  bool MustQueue(bool woken) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock_);

  std::atomic<uint32_t> state_{0};
  os::Lock lock_{os::LockRank::kSema};
  sync::WaitQueue queue_ ABSL_GUARDED_BY(lock_);
  [[no_unique_address]] sanitizer::AnnouncedMutex announced_;
};

}  // namespace heddle

#endif  // RUNTIME_SYNC_MUTEX_H_
