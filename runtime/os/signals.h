// Signal masks around code that no signal handler may see half done.

#ifndef RUNTIME_OS_SIGNALS_H_
#define RUNTIME_OS_SIGNALS_H_

#include <signal.h>

namespace heddle::os {

// Blocks every signal that can be blocked for the calling thread while it
// lives (Go's sigblock and msigrestore). Must end on the thread on which it
// began: no switch in its scope.
class ScopedBlockAllSignals {
 public:
  ScopedBlockAllSignals();
  ~ScopedBlockAllSignals();
  ScopedBlockAllSignals(const ScopedBlockAllSignals&) = delete;
  ScopedBlockAllSignals& operator=(const ScopedBlockAllSignals&) = delete;

  // The mask that the destructor restores.
  const sigset_t& previous() const { return previous_; }

 private:
  sigset_t previous_;
};

// Makes `mask` the calling thread's signal mask (Go's sigprocmask SIG_SETMASK).
void SetSignalMask(const sigset_t& mask);

}  // namespace heddle::os

#endif  // RUNTIME_OS_SIGNALS_H_
