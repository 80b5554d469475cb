// The reports of processes that die.

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>  // NOLINT

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/debug/collect.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/newosproc.h"
#include "heddle/runtime/os/thread_state.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/hooks.h"
#include "heddle/runtime/sched/newproc.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/switch.h"

namespace heddle {
namespace {

#define FRAME_END() asm volatile("")
// Any frames, of two lines each.
#define FRAMES "(.*\n\t.*\n)*"

Mutex mu;

[[gnu::noinline]] void LockTheMutex() {
  mu.lock();
  FRAME_END();
}

// Yields until all other goroutines are parked, `n` of them.
void WaitForParked(size_t n) {
  for (;;) {
    size_t parked = 0;
    for (const debug::Record& r : debug::Collect(debug::Depth::kStates)) {
      parked += r.status == sched::GStatus::kWaiting;
    }
    if (parked == n) return;
    Yield();
  }
}

[[gnu::noinline]] void StartLocker() {
  mu.lock();
  Go({.name = "locker"}, [] { LockTheMutex(); });
  FRAME_END();
}

constexpr char kLocker[] =
    "\ngoroutine [0-9]+ \"locker\" \\[sync.Mutex.Lock[^]]*\\]:\n" FRAMES
    ".*LockTheMutex.*\n\t.*\n" FRAMES
    "created by .*StartLocker.* in goroutine 1\n\t.*\n";

class ReportDeathTest : public testing::TestWithParam<int> {
 protected:
  ReportDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  // A runtime with a goroutine that waits, whose main then calls f.
  template <typename F>
  int Run(F f) {
    return heddle::Run(Options{.procs = GetParam()}, [f] {
      StartLocker();
      WaitForParked(1);
      f();
    });
  }
};
INSTANTIATE_TEST_SUITE_P(Procs, ReportDeathTest, testing::Values(1, 2));

[[gnu::noinline]] void ThrowSomething() {
  throw std::runtime_error("no such luck");
}

TEST_P(ReportDeathTest, UncaughtException) {
  EXPECT_EXIT(Run([] {
                ThrowSomething();
                FRAME_END();
              }),
              testing::KilledBySignal(SIGABRT),
              std::string("^panic: no such luck\n\n"
                          "goroutine 1 \\[running\\]:\n" FRAMES
                          ".*ThrowSomething.*\n\t.*\n" FRAMES) +
                  kLocker + "$");
}

[[gnu::noinline]] void BreakTheRuntime() {
  base::Throw("invariant %d", 7);
  FRAME_END();
}

TEST_P(ReportDeathTest, Throw) {
  EXPECT_EXIT(Run([] { BreakTheRuntime(); }), testing::KilledBySignal(SIGABRT),
              std::string("^fatal error: invariant 7\n\n"
                          "goroutine 1 \\[running\\]:\n" FRAMES
                          ".*BreakTheRuntime.*\n\t.*\n" FRAMES) +
                  kLocker + "$");
}

// With the runtime's locks held, by the thrower and for ever.
TEST_P(ReportDeathTest, ThrowWithLocksHeld) {
  EXPECT_DEATH(Run([]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
                 sched::Sched* sched = sched::Getm()->sched;
                 sched->lock.lock();
                 sched->allglock.lock();
                 BreakTheRuntime();
               }),
               std::string("^fatal error: invariant 7\n\n"
                           "goroutine 1 \\[running\\]:\n" FRAMES) +
                   kLocker + "$");
}

TEST_P(ReportDeathTest, ThrowOnG0) {
  EXPECT_DEATH(Run([] { sched::SystemStack([] { BreakTheRuntime(); }); }),
               std::string("^fatal error: invariant 7\n\n"
                           "goroutine 1 \\[running\\]:\n" FRAMES
                           ".*BreakTheRuntime.*\n\t.*\n" FRAMES) +
                   kLocker + "$");
  EXPECT_DEATH(Run([] {
                 sched::Mcall([](sched::G* gp) {
                   gp->m->curg = nullptr;
                   BreakTheRuntime();
                 });
               }),
               std::string("^fatal error: invariant 7\n\n"
                           "runtime stack:\n" FRAMES
                           ".*BreakTheRuntime.*\n\t.*\n" FRAMES ".*") +
                   "ScheduleLoop.*\n\t.*\n" FRAMES "\ngoroutine 1 ");
}

TEST_P(ReportDeathTest, ThrowOnAThread) {
  EXPECT_DEATH(
      Run([] { std::thread([] { BreakTheRuntime(); }).join(); }),
      std::string("^fatal error: invariant 7\n\n"
                  "runtime stack:\n" FRAMES ".*BreakTheRuntime.*\n\t.*\n" FRAMES
                  "\ngoroutine 1 \\[running\\]:\n" FRAMES) +
          ".*" + kLocker + "$");
}

TEST_P(ReportDeathTest, ManyGoroutinesAreCounted) {
  EXPECT_DEATH(Run([] {
                 constexpr int kMany = 1500;
                 for (int i = 1; i < kMany; i++) Go(LockTheMutex);
                 WaitForParked(kMany);
                 BreakTheRuntime();
               }),
               "\n\\.\\.\\.500 more goroutines\\.\\.\\.\n$");
}

// A stack that leads nowhere ends the report, not more.
TEST_P(ReportDeathTest, AStackThatCannotBeRead) {
  EXPECT_EXIT(Run([] {
                sched::Sched* sched = sched::Getm()->sched;
                for (size_t i = 0; i < sched->allgs.size(); i++) {
                  sched::G* gp = sched->allgs[i];
                  if (gp->goid != 1) gp->sched.sp = 16;
                }
                BreakTheRuntime();
              }),
              testing::KilledBySignal(SIGABRT),
              "\"locker\" \\[sync.Mutex.Lock[^]]*\\]:\n.*\n\t.*\ncreated by");
}

// The goroutine in it answers a signal.
TEST_P(ReportDeathTest, ABlockingCallElsewhere) {
  EXPECT_DEATH(heddle::Run(Options{.procs = 2},
                           [] {
                             static std::atomic<pid_t> tid{0};
                             Go([] {
                               Blocking([] {
                                 tid = os::GetTid();
                                 for (;;) pause();
                               });
                             });
                             // Until it is in the kernel.
                             while (tid == 0 || os::ThreadIsRunning(tid)) {
                               Yield();
                             }
                             BreakTheRuntime();
                           }),
               "\ngoroutine [0-9]+ \\[syscall\\]:\n(__)?pause\n\t");
}

// ---- SIGQUIT ----

TEST_P(ReportDeathTest, Sigquit) {
  EXPECT_EXIT(Run([] {
                raise(SIGQUIT);
                FRAME_END();
              }),
              testing::KilledBySignal(SIGQUIT),
              std::string("^SIGQUIT: quit\n\n"
                          "goroutine 1 \\[running\\]:\n" FRAMES) +
                  kLocker + "$");
}

// All threads of the runtime sleep, and the one that gets the signal runs no
// goroutine.
TEST_P(ReportDeathTest, SigquitWhileAllSleep) {
  EXPECT_EXIT(Run([] {
                std::thread([] {
                  kill(getpid(), SIGQUIT);
                  // Once it is gone a deadlock may be reported first.
                  for (;;) pause();
                }).detach();
                mu.lock();
              }),
              testing::KilledBySignal(SIGQUIT),
              // Perhaps it is not asleep yet.
              std::string("^SIGQUIT: quit\n\n"
                          "goroutine 1 \\[[^]]*\\]:\n(.*\n)*") +
                  kLocker + "$");
}

TEST_P(ReportDeathTest, SigquitTellsOfAllRuntimes) {
  EXPECT_EXIT(Run([] {
                heddle::Run([] {
                  raise(SIGQUIT);
                  FRAME_END();
                });
              }),
              testing::KilledBySignal(SIGQUIT),
              std::string("^SIGQUIT: quit\n\n"
                          "goroutine 1 \\[running\\]:\n" FRAMES
                          "\nruntime 1:\n\ngoroutine 1 \\[running\\]:\n"
                          ".*unavailable\n") +
                  kLocker + "$");
}

TEST_P(ReportDeathTest, SigquitByOptionOnly) {
  EXPECT_EXIT(
      heddle::Run(Options{.dump_on_sigquit = false}, [] { raise(SIGQUIT); }),
      testing::KilledBySignal(SIGQUIT), "^$");
}

TEST_P(ReportDeathTest, SigquitIsTheProgramsFirst) {
  EXPECT_EXIT(
      {
        signal(SIGQUIT, [](int) { _exit(7); });
        heddle::Run([] { raise(SIGQUIT); });
      },
      testing::ExitedWithCode(7), "^$");
  EXPECT_EXIT(
      {
        signal(SIGQUIT, SIG_IGN);
        heddle::Run([] { raise(SIGQUIT); });
        _exit(8);
      },
      testing::ExitedWithCode(8), "^$");
}

// ---- sched::CaptureStack ----

[[gnu::noinline]] int Capture(uintptr_t* pcs, int max, int skip) {
  const int n = sched::CaptureStack(pcs, max, skip);
  FRAME_END();
  return n;
}

TEST(CaptureStackTest, BeginsWithTheCaller) {
  heddle::Run([] {
    uintptr_t all[16];
    const int n = Capture(all, 16, 0);
    ASSERT_GE(n, 3);
    uintptr_t self[16];
    EXPECT_EQ(Capture(self, 2, 0), 2);
    EXPECT_EQ(self[0], all[0]);
    uintptr_t outer[16];
    EXPECT_EQ(Capture(outer, 16, 1), n - 1);
    for (int i = 1; i < n - 1; i++) EXPECT_EQ(outer[i], all[i + 1]) << i;
    // A return address into Capture itself.
    const auto begin = reinterpret_cast<uintptr_t>(&Capture);
    EXPECT_GT(all[0], begin);
    EXPECT_LT(all[0], begin + 200);
    EXPECT_EQ(Capture(all, 16, 1000), 0);
  });
}

}  // namespace
}  // namespace heddle
