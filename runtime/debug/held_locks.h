// Goroutines that leave their thread while it holds a pthread mutex or rwlock
// (std::mutex, std::shared_mutex, …) of theirs: when they park, yield, end, or
// wait for a P. Such a lock blocks the threads of all who want it until the
// goroutine runs again, for which a thread is needed; and it may be unlocked by
// another thread than has locked it. It is how programs of fibers wedge.
// docs/held_locks.md shows a report.
//
// Only in debug builds (not -c opt): there the program defines
// pthread_mutex_lock and its like itself (held_locks_interpose.cc), and
// Options::check_held_locks, true by default, asks for the reports. A program
// without it: --//runtime/debug:held_locks=//runtime/debug:held_locks_off.

#ifndef RUNTIME_DEBUG_HELD_LOCKS_H_
#define RUNTIME_DEBUG_HELD_LOCKS_H_

#include <cstdint>
#include <string>

#include "heddle/runtime/base/cxx20.h"

namespace heddle::debug {

struct HeldLockReport {
  uint64_t goid = 0;
  const void* lock = nullptr;  // its address
  // All of it, with both stacks; many lines.
  std::string text;
};

// Called on the scheduler's stack of the goroutine's thread, with runtime locks
// held perhaps: it may print, note, abort; it must not throw, nor call what
// parks. Thread-safe, as several threads may call it at once.
using HeldLockHandler = void (*)(const HeldLockReport& report);

// What is done with a report, for the whole process; returns what was done
// before. Each pair of stacks is reported once. Null: the text is written to
// standard error, and the program goes on. Thread-safe.
HeldLockHandler SetHeldLockHandler(HeldLockHandler handler);

// A handler: writes the text and ends the process, "fatal error: goroutine
// leaves its thread with a lock held".
[[noreturn]] void HeldLockIsFatal(const HeldLockReport& report);

// Whether this program was built with the check.
bool HeldLocksChecked();

namespace held_locks_internal {

// For held_locks_interpose.cc. The calling thread has taken or released
// `lock`; `what` is static text. `frame` and `pc` are the frame address and the
// return address of the function that the program called for it.
void Locked(const void* lock, const char* what, void* frame, void* pc);
void Unlocked(const void* lock);
// Both are called from now on.
void Start();
// Ends the process: the program has no function `name` but the one that calls
// this.
[[noreturn]] void NoNext(const char* name);

}  // namespace held_locks_internal

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_HELD_LOCKS_H_
