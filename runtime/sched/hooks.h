// What the scheduler wants done by packages above it, which register it: it
// knows nothing of unwinding.

#ifndef RUNTIME_SCHED_HOOKS_H_
#define RUNTIME_SCHED_HOOKS_H_

#include <cstdint>

namespace heddle::sched {

// Stores up to `max` return addresses of the calling stack in `pcs`, innermost
// first, and returns how many. `skip` 0 begins with the caller's own frame.
using CaptureStackHook = int (*)(uintptr_t* pcs, int max, int skip);

// Thread-safe; the last one counts.
void SetCaptureStackHook(CaptureStackHook hook);

// Calls the hook; 0 if there is none. `skip` as above, of CaptureStack's
// caller. From any stack with 8 KiB left.
int CaptureStack(uintptr_t* pcs, int max, int skip);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_HOOKS_H_
