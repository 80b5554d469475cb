// Stopping the world: every P but the caller's is taken from its M, at once if
// that runs user code or a blocking call (retake.h), else at the M's next visit
// to the scheduler.
//
// Source: Go 1.21's stopTheWorldWithSema, startTheWorldWithSema, GOMAXPROCS.

#ifndef RUNTIME_SCHED_STOP_THE_WORLD_H_
#define RUNTIME_SCHED_STOP_THE_WORLD_H_

#include <cstdint>

#include "heddle/runtime/sched/p_lifecycle.h"

namespace heddle::sched {

// Waits until no other P of the caller's runtime runs; goroutines in user code
// and in blocking calls go on, without a P, until they enter the runtime. On a
// goroutine. Calls queue up. The caller, which is inside the runtime from here
// on, must not park before StartTheWorld.
void StopTheWorld();

// Lets it go on, with `procs` Ps, for which `spare` was made.
void StartTheWorld(int32_t procs, SparePs* spare);

// The number of Ps becomes n; n <= 0 only reads. Returns what it was. On a
// goroutine; throws std::invalid_argument if n is above kMaxProcs.
int32_t GoMaxProcs(int32_t n);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_STOP_THE_WORLD_H_
