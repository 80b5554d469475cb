// What LeakSanitizer has to know of goroutines: that heap blocks are in use to
// which only a stack points that no thread runs on. That is a parked or queued
// goroutine's (the registers that it had are on it), and a thread's own while
// it runs a goroutine.
//
// LeakSanitizer asks __lsan_is_turned_off at the beginning of each check, at
// the end of the process as when the program wants one. That is where the words
// of all such stacks, from their stack pointers up, are copied into one heap
// block that a global points to. For AddressSanitizer's fake stacks, where the
// locals are with detect_stack_use_after_return=1, the same.
//
// Rejected: __lsan_register_root_region, for whole stacks (a check looks at
// every page of them, so that each gets memory; it dies at a guard page of
// MADV_GUARD_INSTALL; it goes through the list of the process's mappings for
// each region: 0.5 s for a thousand) and at each park (7 us).
//
// Goroutines do not begin to run meanwhile (freeze.h). One that runs on another
// thread, and parks just between that and the look at the threads, is missed:
// who asks for a check while others run may be told of leaks that are none. At
// the end of the process nobody thaws.
//
// A program may have a __lsan_is_turned_off of its own: then it has to call
// FindLeakRoots there. Without AddressSanitizer there is nothing here.

#ifndef RUNTIME_SCHED_LEAK_ROOTS_H_
#define RUNTIME_SCHED_LEAK_ROOTS_H_

#include <cstddef>

#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::sched {

#if HEDDLE_ASAN
// Called when the first runtime is made.
void InstallLeakRoots();

// Finds them for the check that begins. From any thread.
void FindLeakRoots();

// How many words the last FindLeakRoots found.
size_t LeakRootsForTest();
// From now on, FindLeakRoots does nothing: to show that it is needed.
void DropLeakRootsForTest();
#else
inline void InstallLeakRoots() {}
#endif

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_LEAK_ROOTS_H_
