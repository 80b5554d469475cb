#include "heddle/runtime/debug/thread_stack.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/futex.h"
#include "heddle/runtime/sanitizer/signal_scope.h"
#include "heddle/runtime/sched/m.h"
#include "third_party/libunwind/phdr.h"

namespace heddle::debug {
namespace {

constexpr int kSignal = SIGURG;
// It may have to wait for a CPU first.
constexpr int64_t kPatienceNs = 200'000'000;
// How long an answer may take once it has begun.
constexpr int64_t kAnswerNs = 2'000'000'000;
// What unwinding may take of the stack for signals or, if there is none, of the
// goroutine's.
constexpr uintptr_t kHandlerStack = 12 << 10;

// The request under way.
//
//   free --asker--> asked --thread--> answering --thread--> answered --asker-->
//                     └────────────asker, out of patience──────────────> free
//
// A thread that answers too late finds no request of its own; the asker waits
// for one that has begun.
enum State : uint32_t { kFree, kAsked, kAnswering, kAnswered };
struct Request {
  std::atomic<uint32_t> state{kFree};  // a futex word
  std::atomic<bool> busy{false};
  std::atomic<pid_t> tid{0};
  ThreadStack answer;  // the thread's from answering to answered
};
constinit Request request;
constinit struct sigaction former {};

// Whether the handler, which runs on gp's stack or the one for signals, has
// room to unwind.
bool HaveRoom(const sched::G* gp) {
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  uintptr_t lo = gp->stack.lo;
  stack_t alt;
  if (sigaltstack(nullptr, &alt) == 0 && (alt.ss_flags & SS_ONSTACK) != 0) {
    lo = reinterpret_cast<uintptr_t>(alt.ss_sp);
  } else if (here < gp->stack.lo || here >= gp->stack.hi) {
    return true;  // g0's, a thread's own
  }
  return here - lo >= kHandlerStack;
}

void Answer(void* ucontext) {
  ThreadStack* answer = &request.answer;
  answer->gp = nullptr;
  answer->frames = Frames();
  sched::G* gp = sched::Getg();
  if (gp == nullptr) return;
  const sched::M* mp = sched::Getm();
  const uintptr_t sp = StackPointer(ucontext);
  answer->gp = gp == &mp->g0 ? mp->curg : gp;
  if (answer->gp == nullptr) return;
  // A goroutine's word is good only while its stack is the one that runs: not
  // within a switch.
  if (gp != &mp->g0 && (sp < gp->stack.lo || sp >= gp->stack.hi)) return;
  if (!HaveRoom(answer->gp)) return;
  const unwind::NoLinkerLock no_lock;
  UnwindContext(ucontext, &answer->frames);
}

void PassOn(int signal, siginfo_t* info, void* ucontext) {
  if ((former.sa_flags & SA_SIGINFO) != 0) {
    former.sa_sigaction(signal, info, ucontext);
  } else if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
    former.sa_handler(signal);
  }
}

void Handler(int signal, siginfo_t* info, void* ucontext) {
  if (info->si_code != SI_QUEUE || info->si_value.sival_ptr != &request) {
    PassOn(signal, info, ucontext);
    return;
  }
  const sanitizer::SignalScope not_looked_at;
  const int saved_errno = errno;
  const auto self = static_cast<pid_t>(syscall(SYS_gettid));
  uint32_t state = kAsked;
  if (request.tid.load(std::memory_order_acquire) == self &&
      request.state.compare_exchange_strong(state, kAnswering,
                                            std::memory_order_acquire,
                                            std::memory_order_relaxed)) {
    Answer(ucontext);
    // Release: pairs with the acquire in Await.
    request.state.store(kAnswered, std::memory_order_release);
    os::FutexWakeup(&request.state, 1);
  }
  errno = saved_errno;
}

// Each time: the program may have put its own in the place of it.
bool InstallHandler() {
  struct sigaction now;
  if (sigaction(kSignal, nullptr, &now) != 0) return false;
  if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == Handler) {
    return true;
  }
  former = now;
  struct sigaction ours;
  std::memset(&ours, 0, sizeof ours);
  ours.sa_sigaction = Handler;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigfillset(&ours.sa_mask);
  return sigaction(kSignal, &ours, nullptr) == 0;
}

bool Send(pid_t tid) {
  siginfo_t info;
  std::memset(&info, 0, sizeof info);
  info.si_signo = kSignal;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_ptr = &request;
  return syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, kSignal, &info) == 0;
}

enum class Outcome { kAnswered, kNoAnswer, kStuck };

Outcome Await() {
  int64_t end = os::Nanotime() + kPatienceNs;
  for (;;) {
    uint32_t state = request.state.load(std::memory_order_acquire);
    if (state == kAnswered) return Outcome::kAnswered;
    const int64_t left = end - os::Nanotime();
    if (left > 0) {
      os::FutexSleep(&request.state, state, left);
    } else if (state == kAnswering) {
      if (left < -kAnswerNs) return Outcome::kStuck;
      os::FutexSleep(&request.state, state, kPatienceNs);
    } else if (request.state.compare_exchange_strong(
                   state, kFree, std::memory_order_relaxed,
                   std::memory_order_relaxed)) {
      return Outcome::kNoAnswer;
    }
  }
}

}  // namespace

bool AskThread(pid_t tid, ThreadStack* out) {
  if (request.busy.exchange(true, std::memory_order_acquire)) return false;
  const int saved_errno = errno;
  Outcome outcome = Outcome::kNoAnswer;
  unwind::CopyModules();
  if (InstallHandler()) {
    request.tid.store(tid, std::memory_order_relaxed);
    // Release: pairs with the acquire in Handler.
    request.state.store(kAsked, std::memory_order_release);
    if (Send(tid)) outcome = Await();
    if (outcome == Outcome::kAnswered) *out = request.answer;
  }
  errno = saved_errno;
  // A thread that is stuck in its answer still has the request: it is not used
  // again.
  if (outcome != Outcome::kStuck) {
    request.state.store(kFree, std::memory_order_relaxed);
    request.busy.store(false, std::memory_order_release);
  }
  return outcome == Outcome::kAnswered;
}

}  // namespace heddle::debug
