// What the scheduler wants done by packages above it, which register it: it
// knows nothing of unwinding.

#ifndef RUNTIME_SCHED_HOOKS_H_
#define RUNTIME_SCHED_HOOKS_H_

#include <cstdint>

#include "heddle/runtime/sched/wait_reason.h"

namespace heddle::sched {

struct G;
struct Sched;

// Stores up to `max` return addresses of the calling stack in `pcs`, innermost
// first, and returns how many. `skip` 0 begins with the caller's own frame.
using CaptureStackHook = int (*)(uintptr_t* pcs, int max, int skip);

// Thread-safe; the last one counts.
void SetCaptureStackHook(CaptureStackHook hook);

// Calls the hook; 0 if there is none. `skip` as above, of CaptureStack's
// caller. From any stack with 8 KiB left.
int CaptureStack(uintptr_t* pcs, int max, int skip);

// Takes gp, of a runtime that ends, out of whatever it waits in, or has waited
// in and not gone on since; `waits_at` is what its park's commit was told.
// False if gp waits and somebody has taken it out already, who readies it soon:
// then the hook is called once more when that has been done.
using UnlinkHook = bool (*)(G* gp, void* waits_at);

// For waits with this reason. Before any goroutine waits.
void SetUnlinkHook(WaitReason reason, UnlinkHook hook);

// Calls the hooks for all of sched's goroutines, of which none runs any more.
void UnlinkWaiters(Sched* sched);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_HOOKS_H_
