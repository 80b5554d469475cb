// The part of a goroutine's traceback that tells how it came to be started:
//
//   [originating from goroutine 6]:
//   main::Work()
//   	/path/program+0x5678
//   created by main::Start()
//   	/path/program+0x9abc
//
// There are such parts if HEDDLE_DEBUG=tracebackancestors=N or
// DebugVars::traceback_ancestors asks for them.

#ifndef RUNTIME_DEBUG_ANCESTORS_H_
#define RUNTIME_DEBUG_ANCESTORS_H_

#include <cstdint>

#include "heddle/runtime/debug/out.h"
#include "heddle/runtime/sched/ancestors.h"

namespace heddle::debug {

// Appends a part for each of `ancestors`, newest first; null: none. `frame`
// appends the line, or lines, of a return address. Allocates nothing.
//
// Source: Go 1.21's printAncestorTraceback.
void AppendAncestors(const sched::Ancestors* ancestors,
                     void (*frame)(uintptr_t pc, Out* out), Out* out);

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_ANCESTORS_H_
