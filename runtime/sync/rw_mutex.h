// RWMutex: Go's sync.RWMutex. Many readers, or one writer.
//
// A writer that waits keeps new readers out, and readers that waited for a
// writer all go before the next one: neither starves the other. So a goroutine
// must not take the read lock twice: a writer may have come in between.
//
//   readers_    readers that hold it or wait; less kMaxReaders while a writer
//               holds it or waits
//   departing_  readers that a waiting writer waits for yet
//
// What TSan is told: the writers' order by way of their Mutex; a writer's
// Unlock releases read_sema_, a reader's RUnlock write_sema_, to what the
// others acquire. Nothing orders two readers.
//
// INV-RW1  The sum of both sides' steps decides who wakes whom: the last
//          departing reader the writer, the writer's Unlock the readers. Each
//          is one atomic step on one word, so exactly one sees itself last.
//
// Source: Go 1.21's sync/rwmutex.go for the algorithm.

#ifndef RUNTIME_SYNC_RW_MUTEX_H_
#define RUNTIME_SYNC_RW_MUTEX_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "runtime/sched/race.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/sema.h"

namespace heddle {

// SharedLockable: works with std::shared_lock, std::unique_lock and the like.
// May be unlocked by another goroutine than the one that locked it. Must not be
// destroyed while it is held or waited for.
class ABSL_LOCKABLE RWMutex {
 public:
  constexpr RWMutex() = default;
  RWMutex(const RWMutex&) = delete;
  RWMutex& operator=(const RWMutex&) = delete;

  // Waits until nobody holds it and takes it, alone. Not recursive.
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION();
  // Takes it alone if nobody holds it; true if so. Never waits.
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true);
  // Gives it back. Of one that no writer holds: a fatal error.
  void Unlock() ABSL_UNLOCK_FUNCTION();

  // Waits until no writer holds it or waits, and takes it together with other
  // readers.
  void RLock() ABSL_SHARED_LOCK_FUNCTION() {
    {
      const sched::RaceScope not_looked_at;
      // Acquire: pairs with the release in Unlock.
      if (readers_.fetch_add(1, std::memory_order_acquire) + 1 < 0) {
        read_sema_.Acquire(sched::WaitReason::kRWMutexRLock);
      }
    }
    sched::RaceAcquire(&read_sema_);
  }
  // Takes it as a reader if no writer holds it or waits; true if so. Never
  // waits.
  bool TryRLock() ABSL_SHARED_TRYLOCK_FUNCTION(true);
  // Gives it back as a reader. Of one that no reader holds: a fatal error.
  void RUnlock() ABSL_UNLOCK_FUNCTION() {
    sched::RaceReleaseMerge(&write_sema_);
    const sched::RaceScope not_looked_at;
    // Release: pairs with the acquire in Lock.
    const int32_t readers =
        readers_.fetch_sub(1, std::memory_order_release) - 1;
    if (readers < 0) RUnlockSlow(readers);
  }

  // The standard's names.
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { Lock(); }
  bool try_lock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) { return TryLock(); }
  void unlock() ABSL_UNLOCK_FUNCTION() { Unlock(); }
  void lock_shared() ABSL_SHARED_LOCK_FUNCTION() { RLock(); }
  bool try_lock_shared() ABSL_SHARED_TRYLOCK_FUNCTION(true) {
    return TryRLock();
  }
  void unlock_shared() ABSL_UNLOCK_FUNCTION() { RUnlock(); }

 private:
  static constexpr int32_t kMaxReaders = 1 << 30;

  void LockOutReaders();
  void LetReadersIn();
  void RUnlockSlow(int32_t readers);

  Mutex writers_;  // held by the writer that holds this, or waits for readers
  std::atomic<int32_t> readers_{0};
  std::atomic<int32_t> departing_{0};
  sync::Sema write_sema_;
  sync::Sema read_sema_;
};

}  // namespace heddle

#endif  // RUNTIME_SYNC_RW_MUTEX_H_
