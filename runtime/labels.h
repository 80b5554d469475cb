// Profiler labels: what a goroutine works for, in the program's own words.
//
//   SetLabels(GetLabels().With({{"request", id}}));
//   Go([] { … });  // has them, too

#ifndef RUNTIME_LABELS_H_
#define RUNTIME_LABELS_H_

#include "heddle/runtime/sched/labels.h"

namespace heddle {

// A set of names with values, cheap to copy, that never changes; see there.
using sched::Labels;

// Gives the calling goroutine these labels in place of those that it has. The
// goroutines that it starts from now on inherit them, but for system
// goroutines. On a plain thread: does nothing. Thread-safe.
//
// Source: Go's pprof.SetGoroutineLabels.
void SetLabels(Labels labels);

// The calling goroutine's labels; none on a plain thread. Thread-safe.
Labels GetLabels();

}  // namespace heddle

#endif  // RUNTIME_LABELS_H_
