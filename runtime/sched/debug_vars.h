// DebugVars: what the environment variable HEDDLE_DEBUG can turn on, as GODEBUG
// does for Go programs:
//
//   HEDDLE_DEBUG=schedtrace=1000,scheddetail=1
//
//   name                value      meaning
//   schedtrace          ms         DebugVars::schedtrace_ms
//   scheddetail         0, 1       DebugVars::scheddetail
//   tracebackancestors  number     DebugVars::traceback_ancestors
//   asyncpreemptoff     0, 1       1: Options::preempt = false
//
// What a program sets itself, to something else than the default, comes before
// the environment, as with HEDDLE_PROCS. Of a name given twice the last counts,
// as in Go. Unlike in Go, a name or a value that is not understood is an error:
// a program that says nothing because of a typo is looked at for long.
//
// Source: Go 1.21's extern.go and runtime1.go (parsedebugvars).

#ifndef RUNTIME_SCHED_DEBUG_VARS_H_
#define RUNTIME_SCHED_DEBUG_VARS_H_

namespace heddle::sched {

// Limits of the two numbers: a day; and what a goroutine can carry along.
inline constexpr int kMaxSchedTraceMs = 86'400'000;
inline constexpr int kMaxTracebackAncestors = 1000;

struct DebugVars {
  // Milliseconds between two lines about the scheduler on standard error, 1 to
  // kMaxSchedTraceMs; 0: none. See sched_trace.h.
  int schedtrace_ms = 0;
  // These lines name every P, M and G as well.
  bool scheddetail = false;
  // How many of the goroutines that led to its start a goroutine remembers, for
  // its tracebacks, up to kMaxTracebackAncestors. See ancestors.h.
  int traceback_ancestors = 0;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_DEBUG_VARS_H_
