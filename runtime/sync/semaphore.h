// Semaphore: a number of things to be had, for so many at a time.
//
//   state_: twice the number that is free, and 1 if somebody waits
//
// INV-S1  While somebody waits, state_ changes under lock_ only, and nobody is
//         served before the first in the queue: one that wants many is not
//         passed by for ever by those that want few.
//
// Source: golang.org/x/sync/semaphore's Weighted; std::counting_semaphore's
// names work as well.

#ifndef RUNTIME_SYNC_SEMAPHORE_H_
#define RUNTIME_SYNC_SEMAPHORE_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/sched/gqueue.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sync/waiter.h"

namespace heddle {

// Thread-safe. Must not be destroyed while it is waited for.
class Semaphore {
 public:
  // `n` of them are free at the start, 0 to kMax. Throws std::invalid_argument
  // otherwise.
  explicit Semaphore(int64_t n);
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  static constexpr int64_t kMax = INT64_MAX / 4;

  // Waits until `n` are free and it is the caller's turn, first come, first
  // served, and takes them. n is 0 to kMax; it may be more than there have been
  // so far: then it waits for a Release. Throws std::invalid_argument
  // otherwise.
  void Acquire(int64_t n = 1) {
    if (!AcquireFast(n)) AcquireSlow(n);
    sched::RaceAcquire(this);
  }

  // Takes `n` if so many are free and nobody waits; true if so. Never waits.
  bool TryAcquire(int64_t n = 1);

  // Gives `n` back, 0 to kMax; it may be by others than who took them. A fatal
  // error if more than kMax are free then.
  void Release(int64_t n = 1);

  // The standard's names.
  void acquire() { Acquire(1); }
  bool try_acquire() { return TryAcquire(1); }
  void release(int64_t n = 1) { Release(n); }

 private:
  struct Entry;
  static constexpr int64_t kWaiters = 1;

  bool AcquireFast(int64_t n) {
    const sched::RaceScope not_looked_at;
    int64_t state = state_.load(std::memory_order_relaxed);
    // Acquire: pairs with the release in Release.
    return n >= 0 && state >= 2 * n && (state & kWaiters) == 0 &&
           state_.compare_exchange_strong(state, state - 2 * n,
                                          std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  void AcquireSlow(int64_t n);
  void ReleaseSlow(int64_t n);

  std::atomic<int64_t> state_;
  os::Lock lock_{os::LockRank::kSema};
  sched::GQueue<Entry> queue_ ABSL_GUARDED_BY(lock_);
};

}  // namespace heddle

#endif  // RUNTIME_SYNC_SEMAPHORE_H_
