// What happens when all goroutines of a runtime are blocked: the report, and
// that there is none while anybody may still wake one.

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <list>
#include <string>
#include <thread>  // NOLINT

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/check_dead.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle {
namespace {

#define FRAME_END() asm volatile("")

constexpr char kDeadlock[] =
    "^fatal error: all goroutines are asleep - deadlock!\n\n";

Mutex mu;

[[gnu::noinline]] void LockTwice() {
  mu.lock();
  mu.lock();
  FRAME_END();
}

[[gnu::noinline]] void WaitForEver() {
  WaitGroup wg;
  wg.Add(1);
  wg.Wait();
  FRAME_END();
}

[[gnu::noinline]] void StartWaiter() {
  Go({.name = "waiter"}, [] { WaitForEver(); });
  FRAME_END();
}

class DeadlockDeathTest : public testing::TestWithParam<int> {
 protected:
  // Each in a process of its own: no thread of the test's is there.
  DeadlockDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  int procs() const { return GetParam(); }
};
INSTANTIATE_TEST_SUITE_P(Procs, DeadlockDeathTest, testing::Values(1, 2, 4));

TEST_P(DeadlockDeathTest, TellsOfEveryGoroutine) {
  EXPECT_EXIT(
      heddle::Run(Options{.procs = procs()},
                  [] {
                    StartWaiter();
                    LockTwice();
                  }),
      testing::KilledBySignal(SIGABRT),
      std::string(kDeadlock) +
          "goroutine 1 \\[sync.Mutex.Lock(, . seconds)?\\]:\n"
          "(.*\n\t.*\n)*.*LockTwice.*\n\t.*\\+0x[0-9a-f]+\n"
          "(.*\n\t.*\n)*\n"
          "goroutine [0-9]+ \"waiter\" \\[semacquire(, . seconds)?\\]:\n"
          "(.*\n\t.*\n)*.*WaitForEver.*\n\t.*\\+0x[0-9a-f]+\n"
          "(.*\n\t.*\n)*"
          "created by .*StartWaiter.* in goroutine 1\n"
          "\t.*\\+0x[0-9a-f]+\n$");
}

TEST_P(DeadlockDeathTest, WhatIsLeftAfterMain) {
  EXPECT_DEATH(heddle::Run(Options{.procs = procs()}, [] { StartWaiter(); }),
               std::string(kDeadlock) + "goroutine [0-9]+ \"waiter\"");
}

TEST_P(DeadlockDeathTest, UnderAbandon) {
  EXPECT_DEATH(heddle::Run(Options{.procs = procs(),
                                   .on_main_return = OnMainReturn::kAbandon},
                           [] { LockTwice(); }),
               std::string(kDeadlock) + "goroutine 1 ");
}

// Threads that have ended wake nobody.
TEST_P(DeadlockDeathTest, AfterOtherThreads) {
  EXPECT_DEATH(heddle::Run(Options{.procs = procs()},
                           [] {
                             std::thread([] {}).join();
                             Blocking([] { os::Usleep(100); });
                             LockTwice();
                           }),
               kDeadlock);
}

// The other runtime's threads sleep as well.
TEST_P(DeadlockDeathTest, InOneOfTwoRuntimes) {
  EXPECT_DEATH(
      {
        Runtime other(Options{.procs = 4});
        other.Run([] {
          WaitGroup wg;
          for (int i = 0; i < 20; i++) wg.Go([] { Blocking([] {}); });
          wg.Wait();
        });
        heddle::Run(Options{.procs = procs()}, [] { LockTwice(); });
      },
      kDeadlock);
}

TEST_P(DeadlockDeathTest, InARuntimeInsideAnother) {
  EXPECT_DEATH(heddle::Run(Options{.procs = procs()},
                           [] { heddle::Run([] { LockTwice(); }); }),
               kDeadlock);
}

// A thread of the program's lives, and is known to wake nobody.
TEST_P(DeadlockDeathTest, AlwaysDoesNotAskForThreads) {
  EXPECT_DEATH(
      {
        std::thread thread([] {
          for (;;) pause();
        });
        heddle::Run(
            Options{.procs = procs(), .deadlock = DeadlockCheck::kAlways},
            [] { LockTwice(); });
        thread.join();
      },
      kDeadlock);
}

TEST_P(DeadlockDeathTest, WithNoDescriptorFree) {
  EXPECT_DEATH(heddle::Run(Options{.procs = procs()},
                           [] {
                             const rlimit none = {.rlim_cur = 0, .rlim_max = 0};
                             setrlimit(RLIMIT_NOFILE, &none);
                             LockTwice();
                           }),
               "^fatal error: all goroutines are asleep - deadlock!\n(.|\n)*"
               "goroutine 1 \\[sync.Mutex.Lock\\]:\n");
}

// Whoever sleeps last watches; here that may be a thread that ends.
TEST_P(DeadlockDeathTest, AfterALockedGoroutine) {
  EXPECT_DEATH(heddle::Run(Options{.procs = procs()},
                           [] {
                             Go([] { LockOsThread(); });
                             LockTwice();
                           }),
               kDeadlock);
}

TEST_P(DeadlockDeathTest, OfALockedGoroutine) {
  EXPECT_DEATH(heddle::Run(Options{.procs = procs()},
                           [] {
                             LockOsThread();
                             LockTwice();
                           }),
               std::string(kDeadlock) +
                   "goroutine 1 \\[sync.Mutex.Lock.*, locked to thread\\]:\n");
}

TEST_P(DeadlockDeathTest, SystemGoroutinesDoNotCount) {
  EXPECT_DEATH(heddle::Run(Options{.procs = procs()},
                           [] {
                             Go({.system = true}, [] { WaitForEver(); });
                             LockTwice();
                           }),
               std::string(kDeadlock) + "goroutine 1 [^\n]*\n(.*\n\t.*\n)*$");
}

TEST_P(DeadlockDeathTest, GoexitOfMain) {
  EXPECT_DEATH(heddle::Run(Options{.procs = procs()},
                           [] {
                             StartWaiter();
                             Goexit();
                           }),
               std::string(kDeadlock) + "goroutine [0-9]+ \"waiter\"");
}

// ---- No deadlock ----

sched::Sched* CurrentSched() { return sched::Getm()->sched; }

// Waits until all of sched's threads sleep.
void WaitForSleep(sched::Sched* sched) {
  for (;;) {
    {
      os::LockGuard guard(sched->lock);
      if (sched->nm == sched->nmidle + sched->nmsys &&
          sched->runqsize.load() == 0) {
        return;
      }
    }
    std::this_thread::yield();
  }
}

class NoDeadlockTest : public testing::TestWithParam<int> {
 protected:
  // All goroutines block; then, from a thread that heddle knows nothing of, the
  // check is made, and finds none; then wake() runs there.
  void Run(std::function<void()> block, std::function<void()> wake,
           Options options = {}) {
    options.procs = GetParam();
    Runtime runtime(options);
    runtime_ = &runtime;
    std::atomic<sched::Sched*> sched{nullptr};
    std::thread thread([&] {
      while (sched == nullptr) std::this_thread::yield();
      WaitForSleep(sched);
      for (int i = 0; i < 3; i++) {
        EXPECT_EQ(sched::RecheckDead(sched),
                  options.deadlock != DeadlockCheck::kNever);
      }
      wake();
    });
    runtime.Run([&] {
      sched = CurrentSched();
      block();
    });
    thread.join();
  }
  Runtime* runtime_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Procs, NoDeadlockTest, testing::Values(1, 2, 4));

TEST_P(NoDeadlockTest, AThreadMayUnlock) {
  Mutex m;
  m.lock();
  Run([&] { m.lock(); }, [&] { m.unlock(); });
}

TEST_P(NoDeadlockTest, AThreadMayEndAWait) {
  WaitGroup wg;
  wg.Add(1);
  Run([&] { wg.Wait(); }, [&] { wg.Done(); });
}

TEST_P(NoDeadlockTest, AThreadMayStartAGoroutine) {
  WaitGroup wg;
  wg.Add(1);
  Run([&] { wg.Wait(); }, [&] { runtime_->Go([&] { wg.Done(); }); });
}

// The watch goes on while nothing happens.
TEST_P(NoDeadlockTest, AThreadMayTakeItsTime) {
  WaitGroup wg;
  wg.Add(1);
  Run([&] { wg.Wait(); },
      [&] {
        os::Usleep(50'000);
        wg.Done();
      });
}

TEST_P(NoDeadlockTest, NeverIsNever) {
  WaitGroup wg;
  wg.Add(1);
  Run([&] { wg.Wait(); }, [&] { wg.Done(); },
      {.deadlock = DeadlockCheck::kNever});
}

TEST_P(NoDeadlockTest, TimersAndPollersMayWake) {
  WaitGroup wg;
  wg.Add(1);
  Run(
      [&] {
        CurrentSched()->wakers++;
        wg.Wait();
        CurrentSched()->wakers--;
      },
      [&] { wg.Done(); }, {.deadlock = DeadlockCheck::kAlways});
}

// No thread of the program's: only the one in the call.
TEST_P(NoDeadlockTest, ABlockingCall) {
  heddle::Run(Options{.procs = GetParam(), .deadlock = DeadlockCheck::kAlways},
              [] {
                sched::Sched* sched = CurrentSched();
                WaitGroup wg;
                wg.Go([&] {
                  Blocking([&] {
                    // The others sleep by now, or will soon.
                    for (int i = 0; i < 100; i++) {
                      EXPECT_FALSE(sched::RecheckDead(sched));
                      os::Usleep(200);
                    }
                  });
                });
                wg.Wait();
              });
}

TEST_P(NoDeadlockTest, AnotherRuntimeMayWake) {
  WaitGroup wg;
  wg.Add(1);
  std::atomic<sched::Sched*> sched{nullptr};
  std::thread other([&] {
    heddle::Run(Options{.procs = 1}, [&] {
      while (sched == nullptr) Yield();
      WaitForSleep(sched);
      EXPECT_TRUE(sched::RecheckDead(sched));
      wg.Done();
    });
  });
  heddle::Run(Options{.procs = GetParam()}, [&] {
    sched = CurrentSched();
    wg.Wait();
  });
  other.join();
}

// Between Runs, and in a Run that is over, nothing is dead.
TEST_P(NoDeadlockTest, BetweenRuns) {
  Runtime runtime(Options{.procs = GetParam(),
                          .on_main_return = OnMainReturn::kAbandon,
                          .deadlock = DeadlockCheck::kAlways});
  // Waiters on stacks of a runtime that is gone: each test has its own.
  static std::list<WaitGroup> left_behind;
  WaitGroup& never = left_behind.emplace_back();
  never.Add(1);
  sched::Sched* sched = nullptr;
  for (int i = 0; i < 3; i++) {
    runtime.Run([&] {
      sched = CurrentSched();
      Go([&never] { never.Wait(); });
      for (int j = 0; j < 10; j++) Yield();
    });
    EXPECT_FALSE(sched::RecheckDead(sched));
  }
}

}  // namespace
}  // namespace heddle
