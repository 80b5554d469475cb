#include "heddle/runtime/debug/sigquit.h"

#include <signal.h>

#include <cerrno>
#include <cstring>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/debug/report.h"
#include "third_party/libunwind/phdr.h"

namespace heddle::debug {
namespace {

void OnSigquit(int signal, siginfo_t* /*info*/, void* ucontext) {
  // Else another thread is at it, or this one.
  if (!base::ClaimDeath()) return;
  const int saved_errno = errno;
  base::WriteErr("SIGQUIT: quit\n");
  {
    // This thread may have been interrupted anywhere.
    const unwind::NoLinkerLock no_lock;
    Report({.ucontext = ucontext, .all_runtimes = true});
  }
  // By default it ends the process: when this handler returns, which lets the
  // signal through.
  struct sigaction action;
  std::memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigaction(signal, &action, nullptr);
  raise(signal);
  errno = saved_errno;
}

bool Install() {
  struct sigaction action;
  if (sigaction(SIGQUIT, nullptr, &action) != 0 ||
      (action.sa_flags & SA_SIGINFO) != 0 || action.sa_handler != SIG_DFL) {
    return false;
  }
  std::memset(&action, 0, sizeof action);
  action.sa_sigaction = OnSigquit;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  return sigaction(SIGQUIT, &action, nullptr) == 0;
}

}  // namespace

void InstallSigquit() {
  static const bool installed = Install();
  static_cast<void>(installed);
}

}  // namespace heddle::debug
