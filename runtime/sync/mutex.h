// Mutex: Go's sync.Mutex. A goroutine that has to wait parks; a plain thread
// blocks.
//
// Two modes, as in Go. Normally waiters queue up first in, first out, but one
// that is woken competes with those that come along, which have the advantage
// of running already. A waiter that has lost for a millisecond makes the mutex
// starving: then Unlock hands it over to the first waiter directly, and who
// comes along queues up.
//
// A mutex that nobody waits for is given back by a plain store: one locked
// instruction for a Lock and an Unlock. What the word means, and how a waiter
// and a plain store find each other: mutex_word.h.
//
// INV-MU1  The queue is guarded by the lock of the mutex's bucket
//          (mutex_table.h); who holds the mutex has no other right to it.
// INV-MU2  Only a waiter that was granted the mutex finds it locked and owns it
//          all the same.
//
// Source: Go 1.21's sync/mutex.go for the behaviour. There, waiters are in the
// semaphore table, in a tree by the mutexes' addresses; here the queue is in
// the mutex, which spares the search, at 48 bytes.

#ifndef RUNTIME_SYNC_MUTEX_H_
#define RUNTIME_SYNC_MUTEX_H_

#include "absl/base/optimization.h"
#include "absl/base/thread_annotations.h"
#include "heddle/runtime/sanitizer/mutex_hooks.h"
#include "heddle/runtime/sync/mutex_table.h"
#include "heddle/runtime/sync/mutex_word.h"
#include "heddle/runtime/sync/waiter.h"

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
    if (ABSL_PREDICT_FALSE(!word_.TryTake())) LockSlow();
    locks.Done();
  }

  // Takes the mutex if it is free; true if so. Never waits.
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) {
    sanitizer::MutexTriesToLock tries(&announced_);
    const bool locked = word_.TryTake();
    tries.Done(locked);
    return locked;
  }

  // Gives it back. Of a mutex that is not locked: a fatal error.
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    sanitizer::MutexUnlocks unlocks(&announced_);
    if (ABSL_PREDICT_TRUE(word_.GiveBackAlone())) {
      // Whoever has it now may destroy it: only its address is used from here.
      if (ABSL_PREDICT_FALSE(sync::MutexBucket::IsFlagged(&flag_))) {
        UnlockLate(this);
      }
    } else if (!word_.GiveBackShared()) {
      UnlockSlow();
    }
    unlocks.Done();
  }

  // The standard's names.
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { Lock(); }
  bool try_lock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) { return TryLock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { Unlock(); }

 private:
  void LockSlow();
  void UnlockSlow();
  static void UnlockLate(Mutex* mutex);
  bool SpinForIt();
  bool MustQueue(bool woken);

  sync::MutexWord word_;
  sync::MutexFlag flag_;
  sync::WaitQueue queue_;
  [[no_unique_address]] sanitizer::AnnouncedMutex announced_;
};

}  // namespace heddle

#endif  // RUNTIME_SYNC_MUTEX_H_
