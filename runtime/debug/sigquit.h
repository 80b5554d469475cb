// SIGQUIT (Ctrl-\): all goroutines of the process, then its usual end.
//
// The handler itself makes the report, on whatever thread the signal came to:
// the report is made for processes that die anywhere (report.h), so it needs no
// thread of its own that waits for this day, nor one of the runtime's that is
// able to answer. A program that hangs with all its locks held still tells why.

#ifndef RUNTIME_DEBUG_SIGQUIT_H_
#define RUNTIME_DEBUG_SIGQUIT_H_

namespace heddle::debug {

// Installs the handler unless the program has set its own, or ignores the
// signal. The first call counts. Thread-safe.
void InstallSigquit();

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_SIGQUIT_H_
