// Retiring Ms that have been idle for long: their threads end.
//
// Calls that block many threads at once leave as many idle Ms; Go keeps them
// for ever (golang/go issue 14592). Here sysmon takes those from the list of
// idle Ms that have slept longest, one for each look, until there is one more
// than there are Ps. An M is idle for Options::thread_idle_ms, and up to a half
// of that longer, so that those that fell idle together do not end together.
//
// No wake-up is lost: who wants an M takes it from the list under sched.lock,
// and so does this. An M that is on the list has not been woken; one that has
// been taken off is its taker's. The one that watches for a deadlock is the
// last that went to sleep, and this takes the first.

#ifndef RUNTIME_SCHED_RETIRE_H_
#define RUNTIME_SCHED_RETIRE_H_

#include <cstdint>

#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// One look of sysmon's, at `now`: retires an M at most. Whether there are more
// idle Ms than are to stay, so that it has to come again.
bool RetireIdleM(Sched* sched, int64_t now);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_RETIRE_H_
