// ReadStats: a runtime's numbers.

#ifndef RUNTIME_DEBUG_STATS_H_
#define RUNTIME_DEBUG_STATS_H_

#include "runtime/sched/stats.h"

namespace heddle::debug {

// The fields are described there, with their units.
using sched::Stats;

// The numbers of the calling goroutine's runtime; all 0 outside any runtime.
// Runtime::ReadStats is the same for a runtime that is named. Thread-safe; some
// microseconds, and it allocates.
Stats ReadStats();

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_STATS_H_
