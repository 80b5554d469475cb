// Sleep: see time.h, which brings it.

#ifndef RUNTIME_TIME_SLEEP_H_
#define RUNTIME_TIME_SLEEP_H_

#include "absl/time/time.h"
#include "heddle/runtime/base/cxx20.h"

namespace heddle {

// Suspends the calling goroutine for `d` at least; at once back if d <= 0. An
// infinite d, or one of more than 292 years: for good. On a plain thread, and
// inside Blocking: suspends the thread. Nothing is allocated for it.
//
// Source: Go's time.Sleep.
void Sleep(absl::Duration d);

}  // namespace heddle

#endif  // RUNTIME_TIME_SLEEP_H_
