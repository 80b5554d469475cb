#include "heddle/runtime/sync/rw_mutex.h"

#include <cstdint>

namespace heddle {

void RWMutex::Lock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  writers_.Lock();
  {
    const sched::RaceScope not_looked_at;
    if (readers_.Close()) {
      write_sema_.Acquire(sched::WaitReason::kRWMutexLock);
    }
    readers_.Closed();
  }
  sched::RaceAcquire(&write_sema_);
}

bool RWMutex::TryLock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (!writers_.TryLock()) return false;
  bool locked;
  {
    const sched::RaceScope not_looked_at;
    locked = readers_.TryClose();
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
  {
    const sched::RaceScope not_looked_at;
    const uint32_t readers = readers_.Open();
    if (readers > 0) read_sema_.Release(readers);
  }
  writers_.Unlock();
}

bool RWMutex::TryRLock() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  bool locked;
  {
    const sched::RaceScope not_looked_at;
    locked = readers_.TryEnter();
  }
  if (locked) sched::RaceAcquire(&read_sema_);
  return locked;
}

}  // namespace heddle
