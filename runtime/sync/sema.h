// Sema: tokens to wait for, the inside of what waits on a condition of its own
// (RWMutex, Cond). A Release may come before the Acquire that it is for.
//
// Source: Go's semacquire and semrelease, without the table: the waiters queue
// here, first in, first out, and a token is handed to the first of them.

#ifndef RUNTIME_SYNC_SEMA_H_
#define RUNTIME_SYNC_SEMA_H_

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/sync/waiter.h"

namespace heddle::sync {

// Thread-safe.
class Sema {
 public:
  constexpr Sema() = default;
  Sema(const Sema&) = delete;
  Sema& operator=(const Sema&) = delete;

  // Waits for a token and takes it. What happened before its Release is
  // visible.
  void Acquire(sched::WaitReason reason);

  // Adds `n` tokens; so many waiters have one each now, and go on.
  void Release(uint32_t n);

 private:
  os::Lock lock_{os::LockRank::kSema};
  uint32_t tokens_ ABSL_GUARDED_BY(lock_) = 0;
  WaitQueue queue_ ABSL_GUARDED_BY(lock_);  // empty unless tokens_ == 0
};

}  // namespace heddle::sync

#endif  // RUNTIME_SYNC_SEMA_H_
