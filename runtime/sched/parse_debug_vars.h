// HEDDLE_DEBUG's text, and checks of DebugVars.

#ifndef RUNTIME_SCHED_PARSE_DEBUG_VARS_H_
#define RUNTIME_SCHED_PARSE_DEBUG_VARS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "heddle/runtime/sched/debug_vars.h"

namespace heddle::sched {

// Fills in those of `vars` that are at their defaults from `text`, the value of
// HEDDLE_DEBUG, and sets *preempt to false if that says asyncpreemptoff=1.
// Returns InvalidArgument, naming the variable, what in it is wrong, and what
// is known; the arguments are then half filled in.
absl::Status ParseDebugVars(absl::string_view text, DebugVars* vars,
                            bool* preempt);

// InvalidArgument, naming the option, its value and the limits, if one of
// `vars` is out of range.
absl::Status CheckDebugVars(const DebugVars& vars);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_PARSE_DEBUG_VARS_H_
