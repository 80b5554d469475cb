// What ThreadSanitizer is told of a mutex: who has it and who comes after whom,
// so that it sees races and locks that are taken in two orders ("lock-order
// inversion"). Go's detector does the first alone.
//
//   MutexLocks locks(this);   // between the two, nothing is looked at
//   ...
//   locks.Done();
//
// A mutex is a reader's lock to TSan, which everybody may unlock: one of ours
// may be unlocked by another goroutine than the one that locked it. (The order
// between its holders is told separately.) Of such a one TSan believes that the
// former still has it: see docs/sanitizers.md.
//
// Empty without TSan, and with HEDDLE_TSAN=runtime.

#ifndef RUNTIME_SANITIZER_MUTEX_HOOKS_H_
#define RUNTIME_SANITIZER_MUTEX_HOOKS_H_

#include "runtime/sanitizer/sanitizer.h"

namespace heddle::sanitizer {

#if HEDDLE_TSAN

class MutexLocks {
 public:
  explicit MutexLocks(void* mutex);
  void Done();

 private:
  void* const mutex_;
};

class MutexTriesToLock {
 public:
  explicit MutexTriesToLock(void* mutex);
  void Done(bool locked);

 private:
  void* const mutex_;
};

class MutexUnlocks {
 public:
  explicit MutexUnlocks(void* mutex);
  void Done();

 private:
  void* const mutex_;
};

// Another one may be at its address.
void MutexDestroyed(void* mutex);

#else

struct MutexLocks {
  explicit constexpr MutexLocks(void* /*mutex*/) {}
  void Done() {}
};
struct MutexTriesToLock {
  explicit constexpr MutexTriesToLock(void* /*mutex*/) {}
  void Done(bool /*locked*/) {}
};
struct MutexUnlocks {
  explicit constexpr MutexUnlocks(void* /*mutex*/) {}
  void Done() {}
};

#endif

}  // namespace heddle::sanitizer

#endif  // RUNTIME_SANITIZER_MUTEX_HOOKS_H_
