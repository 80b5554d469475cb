// The portable part on a system that fails: a backend of the test's own, which
// fails as often as it is told and then starts pthreads.

#include <signal.h>

#include <cerrno>

#include "gtest/gtest.h"
#include "heddle/runtime/os/newosproc.h"
#include "heddle/runtime/os/pthread_ops.h"
#include "heddle/runtime/os/thread_backend.h"

namespace heddle::os {
namespace {

int failures_left = 0;
int failure = EAGAIN;
int calls = 0;
bool all_blocked = true;

int StartOrFail(void (*entry)(void*), void* arg, uintptr_t stack_lo,
                uintptr_t stack_hi, ThreadHandle* handle) {
  ++calls;
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  all_blocked =
      all_blocked && sigismember(&mask, SIGUSR1) && sigismember(&mask, SIGTERM);
  if (failures_left > 0) {
    --failures_left;
    return failure;
  }
  return PthreadOps().start(entry, arg, stack_lo, stack_hi, handle);
}

void Fail(int times, int error) {
  failures_left = times;
  failure = error;
  calls = 0;
}

int RunOne() {
  int ran = 0;
  OsThread thread = NewOsProc(
      {.fn = [](void* ran) { ++*static_cast<int*>(ran); }, .arg = &ran},
      /*thread_count=*/3);
  OsThreadJoin(&thread);
  EXPECT_EQ(thread.handle, 0u);
  return ran;
}

TEST(NewOsProcFaultsTest, EagainIsTriedAgain) {
  Fail(3, EAGAIN);
  EXPECT_EQ(RunOne(), 1);
  EXPECT_EQ(calls, 4);
  EXPECT_TRUE(all_blocked);
}

TEST(NewOsProcFaultsTest, TheTwentiethTrySucceeds) {
  Fail(19, EAGAIN);
  EXPECT_EQ(RunOne(), 1);
  EXPECT_EQ(calls, 20);
}

TEST(NewOsProcFaultsTest, SignalsAreAsBeforeAfterARetry) {
  sigset_t before, after;
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  Fail(2, EAGAIN);
  RunOne();
  pthread_sigmask(SIG_BLOCK, nullptr, &after);
  for (const int signal : {SIGUSR1, SIGUSR2, SIGTERM}) {
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal));
  }
}

TEST(NewOsProcFaultsDeathTest, EagainForEver) {
  Fail(20, EAGAIN);
  EXPECT_EXIT(RunOne(), testing::KilledBySignal(SIGABRT),
              "^runtime: failed to create new OS thread \\(have 3 already; "
              "errno=11\\)\n"
              "runtime: may need to increase max user processes \\(ulimit "
              "-u\\)\n"
              "fatal error: newosproc\n$");
}

TEST(NewOsProcFaultsDeathTest, OtherErrorsAreNotTriedAgain) {
  Fail(1, ENOMEM);
  EXPECT_EXIT(RunOne(), testing::KilledBySignal(SIGABRT),
              "^runtime: failed to create new OS thread \\(have 3 already; "
              "errno=12\\)\n"
              "fatal error: newosproc\n$");
}

TEST(NewOsProcFaultsDeathTest, AStackThatTheBackendDoesNotWant) {
  EXPECT_DEATH(NewOsProc({.fn = [](void*) {},
                          .arg = nullptr,
                          .stack_lo = 4096,
                          .stack_hi = 8192},
                         1),
               "the faulty backend makes its stacks itself\n"
               "fatal error: newosproc: bad stack\n");
}

}  // namespace

const ThreadBackendOps& Backend() {
  static const ThreadBackendOps ops = [] {
    ThreadBackendOps ops = PthreadOps();
    ops.name = "faulty";
    ops.start = StartOrFail;
    return ops;
  }();
  return ops;
}

}  // namespace heddle::os
