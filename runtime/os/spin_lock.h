// SpinLock: a lock for sections of a few nanoseconds, on paths where a second
// locked instruction would show: taking it is one, giving it back is a plain
// store.
//
// So nobody knows who waits, and nobody is woken. A waiter spins for about a
// microsecond, then lets other threads of its CPU run, then sleeps, longer each
// time up to a millisecond: if the holder has lost its CPU, the waiters do not
// keep it from it.
//
// It is no fair lock, on purpose: spinners look seldom, so that the holder can
// take it again several times while the cache line is its own. For longer or
// rarer sections use Lock, which sleeps in the kernel until it is woken.
//
// INV-SL1  Within it no other lock is taken but SpinLocks of the same kind, in
//          the order of their addresses (or by one who alone takes two:
//          MoveTimers); in debug builds Lock checks that.
// INV-SL2  It is not held across a context switch, save for one that the
//          commit of a park releases, on the same thread.
//
// Rejected: Lock, whose unlock is a locked instruction (2.9 ns of the 10 that a
// buffered send and receive take together); a ticket or queue lock, which gives
// the line away at each turn and stops when one waiter has lost its CPU.

#ifndef RUNTIME_OS_SPIN_LOCK_H_
#define RUNTIME_OS_SPIN_LOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/base/optimization.h"
#include "absl/base/thread_annotations.h"

namespace heddle::os {

// How many SpinLocks the calling thread holds; 0 in builds with NDEBUG, which
// do not count.
int HeldSpinLocks();

class ABSL_LOCKABLE SpinLock {
 public:
  constexpr SpinLock() = default;
  SpinLock(const SpinLock&) = delete;
  SpinLock& operator=(const SpinLock&) = delete;

  // Waits until the lock is free and takes it. Not recursive.
  void lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    // Acquire: pairs with the release in unlock.
    if (ABSL_PREDICT_FALSE(key_.exchange(1, std::memory_order_acquire) != 0)) {
      LockSlow();
    }
    Note(1);
  }

  // Gives it back, on the thread that took it. Touches nothing afterwards.
  void unlock() ABSL_UNLOCK_FUNCTION() {
    Note(-1);
    key_.store(0, std::memory_order_release);
  }

 private:
  void LockSlow();
#ifdef NDEBUG
  static void Note(int) {}
#else
  static void Note(int n) { Count(n); }
#endif
  // Out of line, so that no caller keeps a thread_local's address.
  static void Count(int n);

  std::atomic<uint32_t> key_{0};
};

// Holds a SpinLock for a scope.
class ABSL_SCOPED_LOCKABLE SpinLockGuard {
 public:
  explicit SpinLockGuard(SpinLock& lock) ABSL_EXCLUSIVE_LOCK_FUNCTION(lock)
      : lock_(lock) {
    lock_.lock();
  }
  ~SpinLockGuard() ABSL_UNLOCK_FUNCTION() { lock_.unlock(); }
  SpinLockGuard(const SpinLockGuard&) = delete;
  SpinLockGuard& operator=(const SpinLockGuard&) = delete;

 private:
  SpinLock& lock_;
};

}  // namespace heddle::os

#endif  // RUNTIME_OS_SPIN_LOCK_H_
