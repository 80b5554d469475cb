#include "runtime/sanitizer/mutex_hooks.h"

#if HEDDLE_TSAN

#include <sanitizer/tsan_interface.h>

#include "runtime/sanitizer/race.h"

namespace heddle::sanitizer {
namespace {

constexpr unsigned kLock = __tsan_mutex_read_lock;
constexpr unsigned kTry = __tsan_mutex_read_lock | __tsan_mutex_try_lock;

}  // namespace

// TSan itself looks away from each pre to its post, so the order is told before
// the one and after the other, when it is looking.

HEDDLE_NO_SANITIZE_THREAD MutexLocks::MutexLocks(void* mutex) : mutex_(mutex) {
  if (RaceExact()) __tsan_mutex_pre_lock(mutex, kLock);
}

HEDDLE_NO_SANITIZE_THREAD void MutexLocks::Done() {
  if (!RaceExact()) return;
  __tsan_mutex_post_lock(mutex_, kLock, 0);
  __tsan_acquire(mutex_);
}

HEDDLE_NO_SANITIZE_THREAD MutexTriesToLock::MutexTriesToLock(void* mutex)
    : mutex_(mutex) {
  if (RaceExact()) __tsan_mutex_pre_lock(mutex, kTry);
}

HEDDLE_NO_SANITIZE_THREAD void MutexTriesToLock::Done(bool locked) {
  if (!RaceExact()) return;
  __tsan_mutex_post_lock(
      mutex_, locked ? kTry : kTry | __tsan_mutex_try_lock_failed, 0);
  if (locked) __tsan_acquire(mutex_);
}

HEDDLE_NO_SANITIZE_THREAD MutexUnlocks::MutexUnlocks(void* mutex)
    : mutex_(mutex) {
  if (!RaceExact()) return;
  __tsan_release(mutex);
  __tsan_mutex_pre_unlock(mutex, kLock);
}

HEDDLE_NO_SANITIZE_THREAD void MutexUnlocks::Done() {
  // The mutex may be gone by now; this takes its address for a name.
  if (RaceExact()) __tsan_mutex_post_unlock(mutex_, kLock);
}

HEDDLE_NO_SANITIZE_THREAD void MutexDestroyed(void* mutex) {
  if (RaceExact()) __tsan_mutex_destroy(mutex, 0);
}

}  // namespace heddle::sanitizer

#endif  // HEDDLE_TSAN
