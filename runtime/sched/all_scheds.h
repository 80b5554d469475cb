// AllScheds: the live runtimes of the process, for reports. Nothing else looks
// at a runtime that is not its own.

#ifndef RUNTIME_SCHED_ALL_SCHEDS_H_
#define RUNTIME_SCHED_ALL_SCHEDS_H_

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/os/lock.h"

namespace heddle::sched {

struct Sched;

// Held while somebody walks the list, and for a whole report: no runtime begins
// or ends meanwhile, and there is one report at a time. The outermost lock.
extern os::Lock allschedlock;

// Puts `sched` at the end of the list, or takes it off.
void AllSchedsAdd(Sched* sched) ABSL_LOCKS_EXCLUDED(allschedlock);
void AllSchedsRemove(Sched* sched) ABSL_LOCKS_EXCLUDED(allschedlock);

// The first, and the one after `sched`; null at the end. Under allschedlock, or
// in a process that dies: then a runtime may go away under the caller's eyes.
Sched* FirstSched();
Sched* NextSched(const Sched* sched);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_ALL_SCHEDS_H_
