// Ancestors: the goroutines that led to a goroutine's start, newest first, each
// with the stack from which it started the next one. For tracebacks; recorded
// if DebugVars::traceback_ancestors (HEDDLE_DEBUG=tracebackancestors=N) says
// so, N of them at most: each go statement then walks the stack, some
// microseconds, which must have 8 KiB left.
//
// An ancestor is shared by all goroutines that descend from that go statement.
//
// Source: Go 1.21's saveAncestors, ancestorInfo.

#ifndef RUNTIME_SCHED_ANCESTORS_H_
#define RUNTIME_SCHED_ANCESTORS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace heddle::sched {

struct G;

// Go's tracebackInnerFrames: as much of a stack as is kept.
inline constexpr size_t kMaxAncestorFrames = 50;

struct Ancestor {
  uint64_t goid;
  // Where it was started itself, as G::gopc.
  uintptr_t gopc;
  // Return addresses, innermost first: the go statement's, its callers'. Empty
  // if there was no CaptureStackHook.
  std::vector<uintptr_t> pcs;
};

using Ancestors = std::vector<std::shared_ptr<const Ancestor>>;

// Those of a goroutine that `callergp`, the calling goroutine (or null), starts
// at `callerpc`; at most `max`. Null if there are none.
std::shared_ptr<const Ancestors> SaveAncestors(const G* callergp,
                                               uintptr_t callerpc, int max);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_ANCESTORS_H_
