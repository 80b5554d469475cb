#include "heddle/runtime/sanitizer/mutex_hooks.h"

#if HEDDLE_TSAN

#include <sanitizer/tsan_interface.h>

#include "heddle/runtime/sanitizer/race.h"

namespace heddle::sanitizer {
namespace {

constexpr unsigned kLock = __tsan_mutex_read_lock;
constexpr unsigned kTry = __tsan_mutex_read_lock | __tsan_mutex_try_lock;

HEDDLE_NO_SANITIZE_THREAD bool Announces(const AnnouncedMutex* mutex) {
  return !__atomic_load_n(&mutex->passed_on, __ATOMIC_RELAXED);
}

HEDDLE_NO_SANITIZE_THREAD void SetHolder(AnnouncedMutex* mutex) {
  __atomic_store_n(&mutex->holder, __tsan_get_current_fiber(),
                   __ATOMIC_RELAXED);
}

}  // namespace

// TSan itself looks away from each pre to its post, but where it is diverted:
// the order is told when it is looking, and after what it takes the calls for
// (reads of the mutex), so that its end may follow.

HEDDLE_NO_SANITIZE_THREAD MutexLocks::MutexLocks(AnnouncedMutex* mutex)
    : mutex_(mutex), announced_(Announces(mutex)) {
  if (!RaceExact()) return;
  if (announced_) {
    __tsan_mutex_pre_lock(mutex, kLock);
  } else {
    __tsan_mutex_pre_signal(mutex, 0);
  }
}

HEDDLE_NO_SANITIZE_THREAD void MutexLocks::Done() {
  if (!RaceExact()) return;
  if (announced_) {
    __tsan_mutex_post_lock(mutex_, kLock, 0);
    SetHolder(mutex_);
  } else {
    __tsan_mutex_post_signal(mutex_, 0);
  }
  __tsan_acquire(mutex_);
}

HEDDLE_NO_SANITIZE_THREAD MutexTriesToLock::MutexTriesToLock(
    AnnouncedMutex* mutex)
    : mutex_(mutex), announced_(Announces(mutex)) {
  if (!RaceExact()) return;
  if (announced_) {
    __tsan_mutex_pre_lock(mutex, kTry);
  } else {
    __tsan_mutex_pre_signal(mutex, 0);
  }
}

HEDDLE_NO_SANITIZE_THREAD void MutexTriesToLock::Done(bool locked) {
  if (!RaceExact()) return;
  if (!announced_) {
    __tsan_mutex_post_signal(mutex_, 0);
  } else if (locked) {
    __tsan_mutex_post_lock(mutex_, kTry, 0);
    SetHolder(mutex_);
  } else {
    __tsan_mutex_post_lock(mutex_, kTry | __tsan_mutex_try_lock_failed, 0);
  }
  if (locked) __tsan_acquire(mutex_);
}

namespace {

// Whether the caller has the mutex in TSan's eyes; if another has, nobody is
// said to have it any more.
HEDDLE_NO_SANITIZE_THREAD bool GivesBack(AnnouncedMutex* mutex) {
  void* const holder =
      __atomic_exchange_n(&mutex->holder, nullptr, __ATOMIC_RELAXED);
  if (holder == __tsan_get_current_fiber()) return true;
  if (holder != nullptr) {
    __atomic_store_n(&mutex->passed_on, true, __ATOMIC_RELAXED);
  }
  return false;
}

}  // namespace

HEDDLE_NO_SANITIZE_THREAD MutexUnlocks::MutexUnlocks(AnnouncedMutex* mutex)
    : mutex_(mutex), announced_(RaceExact() && GivesBack(mutex)) {
  if (!RaceExact()) return;
  if (announced_) {
    __tsan_mutex_pre_unlock(mutex, kLock);
    __tsan_mutex_pre_divert(mutex, 0);
    __tsan_release(mutex);
    __tsan_mutex_post_divert(mutex, 0);
  } else {
    __tsan_release(mutex);
    __tsan_mutex_pre_signal(mutex, 0);
  }
}

HEDDLE_NO_SANITIZE_THREAD void MutexUnlocks::Done() {
  if (!RaceExact()) return;
  // The mutex may be gone by now; these take its address for a name.
  if (announced_) {
    __tsan_mutex_post_unlock(mutex_, kLock);
  } else {
    __tsan_mutex_post_signal(mutex_, 0);
  }
}

HEDDLE_NO_SANITIZE_THREAD void MutexDestroyed(AnnouncedMutex* mutex) {
  if (RaceExact()) __tsan_mutex_destroy(mutex, 0);
}

}  // namespace heddle::sanitizer

#endif  // HEDDLE_TSAN
