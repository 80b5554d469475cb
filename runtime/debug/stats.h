// ReadStats: a runtime's numbers; and FreeOsMemory, which lowers some.

#ifndef RUNTIME_DEBUG_STATS_H_
#define RUNTIME_DEBUG_STATS_H_

#include "heddle/runtime/sched/stats.h"

namespace heddle::debug {

// The fields are described there, with their units.
using sched::Stats;

// The numbers of the calling goroutine's runtime; all 0 outside any runtime.
// Runtime::ReadStats is the same for a runtime that is named. Thread-safe; some
// microseconds, and it allocates.
Stats ReadStats();

// Gives memory that dead goroutines left back to the system, of the calling
// goroutine's runtime: at once what the runtime does by itself, some seconds
// after it was last needed. Runtime::FreeOsMemory is the same for a runtime
// that is named. Thread-safe; half a second for a million goroutines.
// (runtime/debug.FreeOSMemory)
void FreeOsMemory();

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_STATS_H_
