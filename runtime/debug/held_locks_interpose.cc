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

#include "heddle/runtime/debug/held_locks.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

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

// Whether the program or shared library that contains `address` contains this
// file too.
bool InThisObject(const void* address) {
  static const char here = 0;
  Dl_info its;
  Dl_info ours;
  return dladdr(address, &its) != 0 && dladdr(&here, &ours) != 0 &&
         its.dli_fbase == ours.dli_fbase;
}

// Returns the function that ours stands before, which is one of these:
//
// `sanitizers`, if the linker put the sanitizer and this file into one object.
// Both define `name` there; ours won, so no search by name finds the other.
// If the sanitizer is in another object, it may come before ours in the search
// order. Then it has called ours, and ours must not call it back.
//
// `static_one`, in a static program, where dlsym finds nothing.
//
// The definition of `name` in the objects after this one.
template <typename Function>
Function* Next(std::atomic<Function*>* cache, const char* name,
               Function* sanitizers, Function* static_one) {
  Function* next = cache->load(std::memory_order_relaxed);
  if (next != nullptr) return next;
  if (sanitizers != nullptr &&
      InThisObject(reinterpret_cast<const void*>(sanitizers))) {
    next = sanitizers;
  } else {
    next = static_one;
  }
  if (next == nullptr) {
    next = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  }
  if (next == nullptr) held_locks_internal::NoNext(name);
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

// __interceptor_NAME is a sanitizer's.
// NOLINTBEGIN(bugprone-macro-parentheses): parameter lists have their own.
#define HEDDLE_NEXT(name, static_one, parameters)           \
  static std::atomic<int(*) parameters> cache;              \
  auto* const next = ::heddle::debug::Next<int parameters>( \
      &cache, #name, __interceptor_##name, static_one)
// NOLINTEND(bugprone-macro-parentheses)

#define HEDDLE_DEFINE(name, parameters)                           \
  [[gnu::weak]] int __interceptor_##name parameters;              \
  HEDDLE_WEAK_UNLESS_SANITIZED HEDDLE_NO_SANITIZE_THREAD int name \
      parameters noexcept

#define HEDDLE_LOCK(name, static_one, what, parameters, arguments)    \
  HEDDLE_DEFINE(name, parameters) {                                   \
    HEDDLE_NEXT(name, static_one, parameters);                        \
    const int error = next arguments;                                 \
    if (::heddle::debug::Took(error)) {                               \
      ::heddle::debug::Locked(lock, what, __builtin_frame_address(0), \
                              __builtin_return_address(0));           \
    }                                                                 \
    return error;                                                     \
  }

// Forgotten first: afterwards the memory may be somebody else's lock.
#define HEDDLE_UNLOCK(name, parameters)       \
  HEDDLE_DEFINE(name, parameters) {           \
    HEDDLE_NEXT(name, ___##name, parameters); \
    ::heddle::debug::Unlocked(lock);          \
    return next(lock);                        \
  }

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier)

// glibc's names in a static program, where ours hide the usual ones. A weak
// reference does not make the linker take a function out of libc.a: the options
// of held_locks_on ask for these functions by their second names.
[[gnu::weak]] int ___pthread_mutex_lock(pthread_mutex_t*);
[[gnu::weak]] int ___pthread_mutex_trylock(pthread_mutex_t*);
[[gnu::weak]] int ___pthread_mutex_timedlock(pthread_mutex_t*, const timespec*);
[[gnu::weak]] int ___pthread_mutex_clocklock(pthread_mutex_t*, clockid_t,
                                             const timespec*);
[[gnu::weak]] int ___pthread_mutex_unlock(pthread_mutex_t*);
[[gnu::weak]] int ___pthread_rwlock_rdlock(pthread_rwlock_t*);
[[gnu::weak]] int ___pthread_rwlock_timedrdlock(pthread_rwlock_t*,
                                                const timespec*);
[[gnu::weak]] int ___pthread_rwlock_clockrdlock(pthread_rwlock_t*, clockid_t,
                                                const timespec*);
[[gnu::weak]] int ___pthread_rwlock_wrlock(pthread_rwlock_t*);
[[gnu::weak]] int ___pthread_rwlock_timedwrlock(pthread_rwlock_t*,
                                                const timespec*);
[[gnu::weak]] int ___pthread_rwlock_clockwrlock(pthread_rwlock_t*, clockid_t,
                                                const timespec*);
[[gnu::weak]] int ___pthread_rwlock_unlock(pthread_rwlock_t*);

}  // extern "C"

namespace heddle::debug {
namespace {

// What pthread_rwlock_tryrdlock and trywrlock return, from a wait until a time
// that has passed. Their own functions cannot be had in a static program: they
// have no second names to ask for.
int Try(int (*clocklock)(pthread_rwlock_t*, clockid_t, const timespec*),
        pthread_rwlock_t* lock) {
  static const timespec passed = {};
  const int error = clocklock(lock, CLOCK_MONOTONIC, &passed);
  return error == ETIMEDOUT || error == EDEADLK ? EBUSY : error;
}
int TryToRead(pthread_rwlock_t* lock) {
  return Try(___pthread_rwlock_clockrdlock, lock);
}
int TryToWrite(pthread_rwlock_t* lock) {
  return Try(___pthread_rwlock_clockwrlock, lock);
}

}  // namespace
}  // namespace heddle::debug

extern "C" {

#define HEDDLE_MUTEX_LOCK(name, parameters, arguments) \
  HEDDLE_LOCK(name, ___##name, "mutex", parameters, arguments)
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

#define HEDDLE_READ_LOCK(name, static_one, parameters, arguments) \
  HEDDLE_LOCK(name, static_one, "rwlock for reading", parameters, arguments)
HEDDLE_READ_LOCK(pthread_rwlock_rdlock, ___pthread_rwlock_rdlock,
                 (pthread_rwlock_t * lock), (lock))
HEDDLE_READ_LOCK(pthread_rwlock_tryrdlock,
                 ___pthread_rwlock_clockrdlock != nullptr
                     ? ::heddle::debug::TryToRead
                     : nullptr,
                 (pthread_rwlock_t * lock), (lock))
HEDDLE_READ_LOCK(pthread_rwlock_timedrdlock, ___pthread_rwlock_timedrdlock,
                 (pthread_rwlock_t * lock, const timespec* until),
                 (lock, until))
HEDDLE_READ_LOCK(pthread_rwlock_clockrdlock, ___pthread_rwlock_clockrdlock,
                 (pthread_rwlock_t * lock, clockid_t clock,
                  const timespec* until),
                 (lock, clock, until))

#define HEDDLE_WRITE_LOCK(name, static_one, parameters, arguments) \
  HEDDLE_LOCK(name, static_one, "rwlock for writing", parameters, arguments)
HEDDLE_WRITE_LOCK(pthread_rwlock_wrlock, ___pthread_rwlock_wrlock,
                  (pthread_rwlock_t * lock), (lock))
HEDDLE_WRITE_LOCK(pthread_rwlock_trywrlock,
                  ___pthread_rwlock_clockwrlock != nullptr
                      ? ::heddle::debug::TryToWrite
                      : nullptr,
                  (pthread_rwlock_t * lock), (lock))
HEDDLE_WRITE_LOCK(pthread_rwlock_timedwrlock, ___pthread_rwlock_timedwrlock,
                  (pthread_rwlock_t * lock, const timespec* until),
                  (lock, until))
HEDDLE_WRITE_LOCK(pthread_rwlock_clockwrlock, ___pthread_rwlock_clockwrlock,
                  (pthread_rwlock_t * lock, clockid_t clock,
                   const timespec* until),
                  (lock, clock, until))
HEDDLE_UNLOCK(pthread_rwlock_unlock, (pthread_rwlock_t * lock))

// NOLINTEND(bugprone-reserved-identifier)

}  // extern "C"
