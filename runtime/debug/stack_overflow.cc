// On the thread that faulted, on its alternate signal stack, which may be as
// small as the kernel allows (os/alt_stack.h): the handler itself does little,
// and the report, which formats, unwinds and symbolises, has a stack of its own
// (report.h). Async-signal-safe, as that is.

#include "heddle/runtime/debug/stack_overflow.h"

#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/debug/frames.h"
#include "heddle/runtime/debug/report.h"
#include "heddle/runtime/os/newosproc.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/stack/memory.h"

namespace heddle::debug {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS};
// The actions that were there before; immutable once ours are installed.
struct sigaction former[std::size(kSignals)];

// A runaway recursion on the largest of stacks: some seconds.
constexpr int64_t kMaxFrames = 20'000'000;

// A frame larger than this that skips the guard page is not told from a wild
// pointer any more.
constexpr uintptr_t kFarthestFrame = uintptr_t{8} << 20;

struct Fault {
  int signal;
  siginfo_t* info;
  ucontext_t* context;
  uintptr_t sp;
  uintptr_t address;
};

// Whether gp's stack has run out. A frame larger than a page may have jumped
// over the guard: then the stack pointer is below the stack, and the access
// lies in the frame, or just below it (a call, the red zone).
bool Overflows(const sched::G* gp, const Fault& fault) {
  const uintptr_t page = stack::PageSize();
  const uintptr_t lo = gp->stack.lo;
  if (lo == 0) {
    // A g0 on the system's stack, whose bounds are not known: but the memory
    // around the stack pointer is missing in an overflow only.
    return gp == &sched::Getm()->g0 &&
           fault.address - (fault.sp - page) < 2 * page;
  }
  if (fault.address >= lo - page && fault.address < lo) return true;
  return fault.sp < lo && lo - fault.sp <= kFarthestFrame &&
         fault.address >= fault.sp - page && fault.address < lo;
}

void PrintBounds(const sched::G* gp, const Fault& fault) {
  const stack::Stack stack = gp->stack;
  base::PrintErr("runtime: sp=0x%" PRIxPTR, fault.sp);
  if (stack) {
    base::PrintErr(" stack=[0x%" PRIxPTR ", 0x%" PRIxPTR ")", stack.lo,
                   stack.hi);
  }
  base::PrintErr(", fault at 0x%" PRIxPTR, fault.address);
  if (stack) {
    base::PrintErr(", %" PRIuPTR " bytes below the stack",
                   stack.lo - fault.address);
  }
  base::PrintErr("\n");
}

void Say(const void* arg) {
  const Fault& fault = *static_cast<const Fault*>(arg);
  const sched::G* gp = sched::Getg();
  // Line by line, as write(2) takes it: after a colon on a line of others.
  base::PrintErr("\n");
  if (gp == &sched::Getm()->g0) {
    base::PrintErr("runtime: the g0 stack of thread %d is exceeded\n",
                   os::GetTid());
    PrintBounds(gp, fault);
  } else {
    base::PrintErr("runtime: goroutine %" PRIu64 " ", gp->goid);
    if (const std::string_view name = gp->name(); !name.empty()) {
      base::PrintErr("\"%.*s\" ", base::FormatSize(name), name.data());
    }
    base::PrintErr("exceeds its stack of %zu bytes\n", gp->stack.size());
    PrintBounds(gp, fault);
    base::PrintErr(
        "runtime: to give it more: GoOptions::stack_size where it is started "
        "(it has %zu), or Options::stack_size of its runtime (%zu)\n",
        gp->stack.size(), gp->home->options.stack_size);
  }
  base::PrintErr("fatal error: stack overflow\n");
}

void ReportOverflow(const sched::G* gp, const Fault& fault) {
  const bool on_g0 = gp == &sched::Getm()->g0;
  const base::Blame blame =
      on_g0 ? base::Blame::kRuntime : base::Blame::kProgram;
  // The first to come ends the process.
  if (!base::ClaimDeath()) base::Die(blame, 0);
  Report({.blame = blame,
          .ucontext = fault.context,
          .max_frames = kMaxFrames,
          .say = Say,
          .say_arg = &fault});
}

bool IsFunction(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 ||
         (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

void Call(const struct sigaction& action, const Fault& fault) {
  if ((action.sa_flags & SA_SIGINFO) != 0) {
    action.sa_sigaction(fault.signal, fault.info, fault.context);
  } else {
    action.sa_handler(fault.signal);
  }
}

// As if there were no handler.
void TakeDefault(const struct sigaction& action, const Fault& fault) {
  const bool sent = fault.info->si_code <= 0;  // by kill(2) and its like
  if (sent && action.sa_handler == SIG_IGN) return;
  struct sigaction default_action = {};
  default_action.sa_handler = SIG_DFL;
  sigaction(fault.signal, &default_action, nullptr);
  // The instruction faults again once this returns; a signal that was sent has
  // to be sent again, and comes then too.
  if (sent) syscall(SYS_tgkill, getpid(), os::GetTid(), fault.signal);
}

void Handle(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  Fault fault = {signal, info, static_cast<ucontext_t*>(context), 0, 0};
  fault.sp = StackPointer(context);
  fault.address = reinterpret_cast<uintptr_t>(info->si_addr);
  const sched::G* gp = sched::Getg();
  const bool overflow =
      info->si_code > 0 && gp != nullptr && Overflows(gp, fault);
  if (overflow) ReportOverflow(gp, fault);
  const struct sigaction& next = former[signal == SIGBUS ? 1 : 0];
  if (IsFunction(next)) {
    Call(next, fault);
    if (!overflow) {
      errno = saved_errno;
      return;
    }
  }
  if (overflow) std::abort();
  TakeDefault(next, fault);
  errno = saved_errno;
}

}  // namespace

void InstallStackOverflowHandler() {
  static const bool installed = [] {
    for (size_t i = 0; i < std::size(kSignals); i++) {
      // Read first: ours may be called before sigaction has returned.
      sigaction(kSignals[i], nullptr, &former[i]);
      struct sigaction action = {};
      action.sa_sigaction = Handle;
      // As the former one wants to be called.
      action.sa_mask = former[i].sa_mask;
      action.sa_flags = SA_SIGINFO | SA_ONSTACK;
      if (IsFunction(former[i])) {
        action.sa_flags |= former[i].sa_flags & (SA_NODEFER | SA_RESTART);
      }
      sigaction(kSignals[i], &action, nullptr);
    }
    return true;
  }();
  static_cast<void>(installed);
}

}  // namespace heddle::debug
