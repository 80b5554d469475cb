// SignalScope: a signal handler of the runtime's, which ThreadSanitizer is not
// to look at. (race.h)
//
// It calls handlers as if the code that they interrupt were looked at. Inside
// the runtime that is not so, and what happens there is ordered before nothing:
// what a handler reads there, errno for one, would be a race, and the report of
// that spoils errno. Nothing in other builds, and with HEDDLE_TSAN=runtime.

#ifndef RUNTIME_SANITIZER_SIGNAL_SCOPE_H_
#define RUNTIME_SANITIZER_SIGNAL_SCOPE_H_

#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::sanitizer {

class SignalScope {
 public:
#if HEDDLE_TSAN
  SignalScope();
  ~SignalScope();
#else
  SignalScope() {}
  ~SignalScope() {}
#endif
  SignalScope(const SignalScope&) = delete;
  SignalScope& operator=(const SignalScope&) = delete;
};

}  // namespace heddle::sanitizer

#endif  // RUNTIME_SANITIZER_SIGNAL_SCOPE_H_
