// Cond: Go's sync.Cond, a condition that goroutines wait for.
//
//   mu.Lock();                         mu.Lock();
//   while (queue.empty()) cond.Wait(); queue.push(x);
//   …                                  mu.Unlock();
//   mu.Unlock();                       cond.Signal();
//
// Waiters take tickets before they give the lock back, and are woken in the
// order of these: who waited before a Signal is woken by it, not one that came
// later (Go's notifyList).
//
//   next_    the ticket of the next waiter    -  INV-C1: tickets below `woken_`
//   woken_   the ticket of the next to wake      are woken, or will see that
//                                                they are when they queue up

#ifndef RUNTIME_SYNC_COND_H_
#define RUNTIME_SYNC_COND_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sync/mutex.h"

namespace heddle {

// Thread-safe. Must not be destroyed while it is waited for.
class Cond {
 public:
  // `lock` is what Wait() gives back and takes again; any type with lock() and
  // unlock(). Not owned.
  Cond() = default;
  template <typename L>
  explicit Cond(L* lock) : lock_(lock), locks_(&kLocksOf<L>) {}
  Cond(const Cond&) = delete;
  Cond& operator=(const Cond&) = delete;

  // Gives the lock of the constructor back, waits for a Signal or Broadcast
  // that comes afterwards, and takes it again. Nothing else ends it, but others
  // may have had the lock in between: look at the condition again, in a loop.
  // A fatal error if there is no such lock.
  void Wait();

  // The same with a lock that the caller holds, as condition_variable_any's.
  template <typename L>
  void Wait(L& lock) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const uint32_t ticket = TakeTicket();
    lock.unlock();
    WaitFor(ticket);
    lock.lock();
  }
  // Until pred() says true.
  template <typename L, typename Pred>
  void Wait(L& lock, Pred pred) {
    while (!pred()) Wait(lock);
  }

  // Wakes the one that has waited longest, if any waits. The caller may hold
  // the lock, but need not.
  void Signal();

  // Wakes all that wait.
  void Broadcast();

 private:
  struct Entry;

  // How to take and give back a lock of some type.
  struct Locks {
    void (*lock)(void*);
    void (*unlock)(void*);
  };
  template <typename L>
  static constexpr Locks kLocksOf = {
      [](void* l)
          ABSL_NO_THREAD_SAFETY_ANALYSIS { static_cast<L*>(l)->lock(); },
      [](void* l)
          ABSL_NO_THREAD_SAFETY_ANALYSIS { static_cast<L*>(l)->unlock(); },
  };

  uint32_t TakeTicket() {
    const sched::RaceScope not_looked_at;
    // Relaxed: who signals after having had the lock reads this one or a later
    // one, as it is ordered by the lock.
    return next_.fetch_add(1, std::memory_order_relaxed);
  }
  void WaitFor(uint32_t ticket);

  void* lock_ = nullptr;
  const Locks* locks_ = nullptr;
  std::atomic<uint32_t> next_{0};
  std::atomic<uint32_t> woken_{0};  // written under queue_lock_
  os::Lock queue_lock_{os::LockRank::kSema};
  Entry* head_ ABSL_GUARDED_BY(queue_lock_) = nullptr;
  Entry** tail_ ABSL_GUARDED_BY(queue_lock_) = &head_;
};

}  // namespace heddle

#endif  // RUNTIME_SYNC_COND_H_
