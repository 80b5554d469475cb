// RWMutex: Go's sync.RWMutex. Many readers, or one writer.
//
// A writer that waits keeps new readers out, and readers that waited for a
// writer all go before the next one: neither starves the other. So a goroutine
// must not take the read lock twice: a writer may have come in between.
//
// Readers that come again and again, with no writer in between, are counted
// each by its own thread, so that they do not slow each other down: a writer
// then pays for all of them, 10 us at most (reader_count.h).
//
// What TSan is told: the writers' order by way of their Mutex; a writer's
// Unlock releases read_sema_, a reader's RUnlock write_sema_, to what the
// others acquire. Nothing orders two readers.
//
// Source: Go 1.21's sync/rwmutex.go for the behaviour.

#ifndef RUNTIME_SYNC_RW_MUTEX_H_
#define RUNTIME_SYNC_RW_MUTEX_H_

#include "absl/base/optimization.h"
#include "absl/base/thread_annotations.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/wait_reason.h"
#include "heddle/runtime/sync/mutex.h"
#include "heddle/runtime/sync/reader_count.h"
#include "heddle/runtime/sync/reader_policy.h"
#include "heddle/runtime/sync/sema.h"

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
      if (ABSL_PREDICT_FALSE(!readers_.Enter())) {
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
    if (ABSL_PREDICT_FALSE(readers_.Leave())) write_sema_.Release(1);
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
  Mutex writers_;  // held by the writer that holds this, or waits for readers
  sync::ReaderCount readers_;
  sync::Sema write_sema_;
  sync::Sema read_sema_;
};

}  // namespace heddle

#endif  // RUNTIME_SYNC_RW_MUTEX_H_
