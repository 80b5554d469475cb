// What ThreadSanitizer is told of a mutex: who has it and who comes after whom,
// so that it sees races and locks that are taken in two orders ("lock-order
// inversion"). Go's detector does the first alone.
//
//   MutexLocks locks(&announced_);   // between the two, nothing is looked at
//   ...
//   locks.Done();
//
// A mutex is a reader's lock to TSan, as it would not have anyone but who took
// a writer's give it back. The order between the holders is told separately.
// Even so, TSan believes that who locked a mutex that another unlocks still has
// it. So from the first time on when that happens, the mutex has an order
// between its holders, but none with other mutexes.
//
// Empty without TSan, and with HEDDLE_TSAN=runtime.

#ifndef RUNTIME_SANITIZER_MUTEX_HOOKS_H_
#define RUNTIME_SANITIZER_MUTEX_HOOKS_H_

#include "heddle/runtime/base/cxx20.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::sanitizer {

#if HEDDLE_TSAN

// What TSan knows a mutex by. Accessed through the compiler's atomics: those of
// <atomic> are functions at -O1, and instrumented, whoever calls them.
struct AnnouncedMutex {
  // The fiber that it has been told holds it, null: none.
  void* holder = nullptr;
  // One has locked it and another unlocked it.
  bool passed_on = false;
};

class MutexLocks {
 public:
  explicit MutexLocks(AnnouncedMutex* mutex);
  void Done();

 private:
  AnnouncedMutex* const mutex_;
  const bool announced_;
};

class MutexTriesToLock {
 public:
  explicit MutexTriesToLock(AnnouncedMutex* mutex);
  void Done(bool locked);

 private:
  AnnouncedMutex* const mutex_;
  const bool announced_;
};

class MutexUnlocks {
 public:
  explicit MutexUnlocks(AnnouncedMutex* mutex);
  void Done();

 private:
  AnnouncedMutex* const mutex_;
  const bool announced_;
};

// Another one may be at its address.
void MutexDestroyed(AnnouncedMutex* mutex);

#else

struct AnnouncedMutex {};

struct MutexLocks {
  explicit constexpr MutexLocks(AnnouncedMutex* /*mutex*/) {}
  void Done() {}
};
struct MutexTriesToLock {
  explicit constexpr MutexTriesToLock(AnnouncedMutex* /*mutex*/) {}
  void Done(bool /*locked*/) {}
};
struct MutexUnlocks {
  explicit constexpr MutexUnlocks(AnnouncedMutex* /*mutex*/) {}
  void Done() {}
};

#endif

}  // namespace heddle::sanitizer

#endif  // RUNTIME_SANITIZER_MUTEX_HOOKS_H_
