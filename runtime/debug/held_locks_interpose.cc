// The program's own pthread_mutex_lock and its like: they call the next ones,
// the C library's or a sanitizer's, and tell held_locks.cc. A definition in the
// program comes before all libraries', so that it also sees the locks that
// shared libraries take.
//
// pthread_cond_wait is not here: it blocks the thread, and has the mutex again
// when it returns. Spin locks are not: nobody blocks in the kernel for one.
//
// They may be called before any constructor has run, and by dlsym's callees:
// nothing here allocates, locks or needs to be constructed.
//
// Rejected: the linker's --wrap, which does not see shared libraries;
// LD_PRELOAD, which somebody has to remember.

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <ctime>

#include "runtime/base/throw.h"
#include "runtime/debug/held_locks.h"
#include "runtime/sanitizer/sanitizer.h"

// A program that defines one of them itself wins, and is not checked. Not where
// a sanitizer's may be in the program too, which are weak like that.
#if HEDDLE_ASAN || HEDDLE_TSAN || HEDDLE_MSAN
#define HEDDLE_WEAK_UNLESS_SANITIZED
#else
#define HEDDLE_WEAK_UNLESS_SANITIZED [[gnu::weak]]
#endif

namespace heddle::debug {
namespace {

using held_locks_internal::Locked;
using held_locks_internal::Unlocked;

// The function that ours stands before: a sanitizer's, which in a program that
// has it inside is no "next" one; that of a static program, where there is no
// next either; the next library's.
template <typename Function>
Function* Next(std::atomic<Function*>* cache, const char* name,
               Function* sanitizers, Function* static_one) {
  Function* next = cache->load(std::memory_order_relaxed);
  if (next != nullptr) return next;
  next = sanitizers != nullptr ? sanitizers : static_one;
  if (next == nullptr) {
    next = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  }
  if (next == nullptr) {
    base::PrintErr(
        "heddle: no %s behind the one that finds held locks: build with "
        "--//runtime/debug:held_locks=//runtime/debug:held_locks_off\n",
        name);
    base::Throw("held locks: no such function");
  }
  cache->store(next, std::memory_order_relaxed);
  return next;
}

// Whether a lock function that returned `error` has taken the lock.
bool Took(int error) { return error == 0 || error == EOWNERDEAD; }

const bool started = [] {
  held_locks_internal::Start();
  return true;
}();

}  // namespace
}  // namespace heddle::debug

// The last two are the names of sanitizers and of glibc in static programs.
// NOLINTBEGIN(bugprone-macro-parentheses): parameter lists have their own.
#define HEDDLE_NEXT(name, parameters)                       \
  static std::atomic<int(*) parameters> cache;              \
  auto* const next = ::heddle::debug::Next<int parameters>( \
      &cache, #name, __interceptor_##name, ___##name)
// NOLINTEND(bugprone-macro-parentheses)

#define HEDDLE_DEFINE(name, parameters)                           \
  [[gnu::weak]] int __interceptor_##name parameters;              \
  [[gnu::weak]] int ___##name parameters;                         \
  HEDDLE_WEAK_UNLESS_SANITIZED HEDDLE_NO_SANITIZE_THREAD int name \
      parameters noexcept

#define HEDDLE_LOCK(name, what, parameters, arguments)                \
  HEDDLE_DEFINE(name, parameters) {                                   \
    HEDDLE_NEXT(name, parameters);                                    \
    const int error = next arguments;                                 \
    if (::heddle::debug::Took(error)) {                               \
      ::heddle::debug::Locked(lock, what, __builtin_frame_address(0), \
                              __builtin_return_address(0));           \
    }                                                                 \
    return error;                                                     \
  }

// Forgotten first: afterwards the memory may be somebody else's lock.
#define HEDDLE_UNLOCK(name, parameters) \
  HEDDLE_DEFINE(name, parameters) {     \
    HEDDLE_NEXT(name, parameters);      \
    ::heddle::debug::Unlocked(lock);    \
    return next(lock);                  \
  }

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier)
#define HEDDLE_MUTEX_LOCK(name, parameters, arguments) \
  HEDDLE_LOCK(name, "mutex", parameters, arguments)
HEDDLE_MUTEX_LOCK(pthread_mutex_lock, (pthread_mutex_t * lock), (lock))
HEDDLE_MUTEX_LOCK(pthread_mutex_trylock, (pthread_mutex_t * lock), (lock))
HEDDLE_MUTEX_LOCK(pthread_mutex_timedlock,
                  (pthread_mutex_t * lock, const timespec* until),
                  (lock, until))
HEDDLE_MUTEX_LOCK(pthread_mutex_clocklock,
                  (pthread_mutex_t * lock, clockid_t clock,
                   const timespec* until),
                  (lock, clock, until))
HEDDLE_UNLOCK(pthread_mutex_unlock, (pthread_mutex_t * lock))

#define HEDDLE_READ_LOCK(name, parameters, arguments) \
  HEDDLE_LOCK(name, "rwlock for reading", parameters, arguments)
HEDDLE_READ_LOCK(pthread_rwlock_rdlock, (pthread_rwlock_t * lock), (lock))
HEDDLE_READ_LOCK(pthread_rwlock_tryrdlock, (pthread_rwlock_t * lock), (lock))
HEDDLE_READ_LOCK(pthread_rwlock_timedrdlock,
                 (pthread_rwlock_t * lock, const timespec* until),
                 (lock, until))
HEDDLE_READ_LOCK(pthread_rwlock_clockrdlock,
                 (pthread_rwlock_t * lock, clockid_t clock,
                  const timespec* until),
                 (lock, clock, until))

#define HEDDLE_WRITE_LOCK(name, parameters, arguments) \
  HEDDLE_LOCK(name, "rwlock for writing", parameters, arguments)
HEDDLE_WRITE_LOCK(pthread_rwlock_wrlock, (pthread_rwlock_t * lock), (lock))
HEDDLE_WRITE_LOCK(pthread_rwlock_trywrlock, (pthread_rwlock_t * lock), (lock))
HEDDLE_WRITE_LOCK(pthread_rwlock_timedwrlock,
                  (pthread_rwlock_t * lock, const timespec* until),
                  (lock, until))
HEDDLE_WRITE_LOCK(pthread_rwlock_clockwrlock,
                  (pthread_rwlock_t * lock, clockid_t clock,
                   const timespec* until),
                  (lock, clock, until))
HEDDLE_UNLOCK(pthread_rwlock_unlock, (pthread_rwlock_t * lock))
// NOLINTEND(bugprone-reserved-identifier)

}  // extern "C"
