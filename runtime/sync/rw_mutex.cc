#include "runtime/sync/rw_mutex.h"

#include "runtime/base/throw.h"
#include "runtime/sched/wait_reason.h"

namespace heddle {

void RWMutex::Lock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  writers_.Lock();
  LockOutReaders();
  sched::RaceAcquire(&write_sema_);
}

void RWMutex::LockOutReaders() {
  const sched::RaceScope not_looked_at;
  // Acquire, here and below: pairs with the releases of the readers that have
  // gone.
  const int32_t readers =
      readers_.fetch_sub(kMaxReaders, std::memory_order_acquire);
  if (readers != 0 &&
      departing_.fetch_add(readers, std::memory_order_acquire) + readers != 0) {
    write_sema_.Acquire(sched::WaitReason::kRWMutexLock);
  }
}

bool RWMutex::TryLock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (!writers_.TryLock()) return false;
  bool locked;
  {
    const sched::RaceScope not_looked_at;
    int32_t nobody = 0;
    locked = readers_.compare_exchange_strong(nobody, -kMaxReaders,
                                              std::memory_order_acquire,
                                              std::memory_order_relaxed);
  }
  if (locked) {
    sched::RaceAcquire(&write_sema_);
  } else {
    writers_.Unlock();
  }
  return locked;
}

void RWMutex::Unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  sched::RaceRelease(&read_sema_);
  LetReadersIn();
  writers_.Unlock();
}

void RWMutex::LetReadersIn() {
  const sched::RaceScope not_looked_at;
  // Release: pairs with the acquire in RLock and TryRLock.
  const int32_t readers =
      readers_.fetch_add(kMaxReaders, std::memory_order_release) + kMaxReaders;
  if (readers >= kMaxReaders) {
    base::Throw("sync: Unlock of unlocked RWMutex");
  }
  if (readers > 0) read_sema_.Release(static_cast<uint32_t>(readers));
}

bool RWMutex::TryRLock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const sched::RaceScope not_looked_at;
  int32_t readers = readers_.load(std::memory_order_relaxed);
  while (readers >= 0) {
    if (readers_.compare_exchange_weak(readers, readers + 1,
                                       std::memory_order_acquire,
                                       std::memory_order_relaxed)) {
      sched::RaceAcquire(&read_sema_);
      return true;
    }
  }
  return false;
}

void RWMutex::RUnlockSlow(int32_t readers) {
  if (readers + 1 == 0 || readers + 1 == -kMaxReaders) {
    base::Throw("sync: RUnlock of unlocked RWMutex");
  }
  // A writer waits. Acquire and release: the last one hands on what all before
  // it have released.
  if (departing_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    write_sema_.Release(1);
  }
}

}  // namespace heddle
