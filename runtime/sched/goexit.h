// The end of a goroutine, by return or by Goexit, and the way there through the
// destructors of its frames.
//
// Goexit unwinds by force (_Unwind_ForcedUnwind, as pthread_exit does): no
// handler stops it but catch (...), which has to rethrow. The stack ends at
// GoroutineMain's caller; there the goroutine goes to g0 for good.
//
// Source: Go 1.21's Goexit, goexit1, goexit0, gdestroy.

#ifndef RUNTIME_SCHED_GOEXIT_H_
#define RUNTIME_SCHED_GOEXIT_H_

#include "heddle/runtime/sched/g.h"

namespace heddle::sched {

// Runs the callable of gp, the calling goroutine, and ends gp. An exception
// that leaves the callable finds no handler: std::terminate is called with the
// stack as it was at the throw.
[[noreturn]] void GoroutineMain(G* gp);

// Ends the calling goroutine after the destructors of its frames. Outside a
// goroutine: throws.
[[noreturn]] void Goexit();

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GOEXIT_H_
