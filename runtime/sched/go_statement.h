// The go statement as a goroutine's own code calls it: without a header of the
// scheduler's.

#ifndef RUNTIME_SCHED_GO_STATEMENT_H_
#define RUNTIME_SCHED_GO_STATEMENT_H_

#include "heddle/runtime/sched/func_val.h"
#include "heddle/runtime/sched/go_options.h"

namespace heddle::sched {

// Starts a goroutine that calls fn, on the runtime of the caller, as NewProc.
// Where it returns to is where the go statement is. On a thread that runs no
// goroutine it ends the process.
void GoStatement(const FuncVal& fn);
void GoStatement(const FuncVal& fn, const GoOptions& options);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GO_STATEMENT_H_
