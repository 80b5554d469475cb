#include "heddle/runtime/os/signals.h"

#include "heddle/runtime/base/throw.h"

namespace heddle::os {
namespace {

// pthread_sigmask fails only for a bad `how`: then it is our bug.
void Set(const sigset_t& mask, sigset_t* previous) {
  if (const int error = pthread_sigmask(SIG_SETMASK, &mask, previous)) {
    base::PrintErr("runtime: pthread_sigmask failed (errno=%d)\n", error);
    base::Throw("sigprocmask");
  }
}

}  // namespace

ScopedBlockAllSignals::ScopedBlockAllSignals() {
  sigset_t all;
  sigfillset(&all);  // leaves out the two that libc keeps for itself
  Set(all, &previous_);
}

ScopedBlockAllSignals::~ScopedBlockAllSignals() { Set(previous_, nullptr); }

void SetSignalMask(const sigset_t& mask) { Set(mask, nullptr); }

}  // namespace heddle::os
