#include "heddle/runtime/time/sleep.h"

#include <sys/prctl.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"

namespace heddle {
namespace {

// Nanoseconds that Sleep(d) took.
int64_t TimeToSleep(absl::Duration d) {
  const int64_t start = os::Nanotime();
  Sleep(d);
  return os::Nanotime() - start;
}

class SleepTest : public testing::TestWithParam<int> {
 protected:
  Options options() const { return Options{.procs = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Procs, SleepTest, testing::Values(1, 2, 4));

// TestSleep.
TEST_P(SleepTest, LastsAtLeastThatLong) {
  heddle::Run(options(), [] {
    for (const absl::Duration d : {absl::Nanoseconds(1), absl::Microseconds(50),
                                   absl::Milliseconds(3)}) {
      EXPECT_GE(TimeToSleep(d), absl::ToInt64Nanoseconds(d));
    }
  });
}

TEST_P(SleepTest, RoundsUpToNanoseconds) {
  heddle::Run(options(), [] {
    EXPECT_GE(TimeToSleep(absl::Milliseconds(1) + absl::Nanoseconds(1) / 4),
              1'000'001);
    Sleep(absl::Nanoseconds(1) / 4);
  });
}

TEST_P(SleepTest, OfNothingComesBackWithoutGoingAway) {
  heddle::Run(Options{.procs = GetParam(), .preempt = false}, [] {
    std::atomic<int> others{0};
    WaitGroup wg;
    wg.Go([&others] { others++; });
    // On one P the other one would run if this parked.
    Sleep(absl::ZeroDuration());
    Sleep(-absl::Seconds(1));
    Sleep(-absl::InfiniteDuration());
    if (GetParam() == 1) {
      EXPECT_EQ(others, 0);
    }
    wg.Wait();
  });
}

// TestSleepZeroDeadlock.
TEST_P(SleepTest, OfNothingBesideOthersThatSleep) {
  heddle::Run(options(), [] {
    std::atomic<bool> done{false};
    WaitGroup wg;
    wg.Go([&done] {
      for (int i = 0; i < 100; i++) Sleep(absl::Nanoseconds(1));
      done = true;
    });
    while (!done) {
      Sleep(absl::ZeroDuration());
      Yield();
    }
    wg.Wait();
  });
}

// TestOverflowSleep: it does not wrap around to the past.
TEST_P(SleepTest, OfAnAgeDoesNotEnd) {
  Options options = this->options();
  options.on_main_return = OnMainReturn::kAbandon;
  std::atomic<int> ended{0};
  Runtime runtime(options);
  runtime.Run([&ended] {
    for (const absl::Duration d :
         {absl::InfiniteDuration(), absl::Nanoseconds(INT64_MAX),
          absl::Nanoseconds(INT64_MAX - 1), absl::Hours(24 * 365 * 1000)}) {
      Go([&ended, d] {
        Sleep(d);
        ended++;
      });
    }
    for (int i = 0; i < 20; i++) Sleep(absl::Microseconds(200));
  });
  EXPECT_EQ(ended, 0);
}

TEST_P(SleepTest, ManyOfAllLengths) {
  heddle::Run(options(), [] {
    WaitGroup wg;
    std::atomic<int> early{0};
    for (int i = 0; i < 2000; i++) {
      wg.Go([i, &early] {
        for (int j = 0; j < 3; j++) {
          const absl::Duration d =
              absl::Microseconds((i * 37 + j * 911) % 5000);
          if (TimeToSleep(d) < absl::ToInt64Nanoseconds(d)) early++;
        }
      });
    }
    wg.Wait();
    EXPECT_EQ(early, 0);
  });
}

// A thread that runs no goroutine sleeps itself; so does one in Blocking.
TEST(SleepOnThreadTest, BlocksTheThread) {
  EXPECT_GE(TimeToSleep(absl::Milliseconds(1)), 1'000'000);
  heddle::Run(Options{.procs = 1}, [] {
    const auto id = std::this_thread::get_id();
    Blocking([id] {
      EXPECT_GE(TimeToSleep(absl::Milliseconds(1)), 1'000'000);
      EXPECT_EQ(std::this_thread::get_id(), id);
    });
  });
}

// TestTimerFairness: sleepers get their turn though two goroutines keep the
// queue busy.
TEST_P(SleepTest, EndsBesideGoroutinesThatNeverStop) {
  heddle::Run(options(), [] {
    std::atomic<bool> done{false};
    WaitGroup wg;
    for (int i = 0; i < 2; i++) {
      wg.Go([&done] {
        while (!done) Yield();
      });
    }
    for (int i = 0; i < 10; i++) Sleep(absl::Milliseconds(1));
    done = true;
    wg.Wait();
  });
}

// TestTimerFairness2: and though they are in and out of blocking calls.
TEST_P(SleepTest, EndsBesideBlockingCalls) {
  heddle::Run(options(), [] {
    std::atomic<bool> done{false};
    WaitGroup wg;
    for (int i = 0; i < 2; i++) {
      wg.Go([&done] {
        while (!done) {
          Blocking([] {});
          Yield();
        }
      });
    }
    for (int i = 0; i < 10; i++) Sleep(absl::Milliseconds(1));
    done = true;
    wg.Wait();
  });
}

// The only P is in the hands of one that computes: sysmon takes it.
TEST_P(SleepTest, EndsBesideGoroutinesThatCompute) {
  heddle::Run(options(), [] {
    std::atomic<bool> done{false};
    WaitGroup wg;
    for (int i = 0; i < GetParam(); i++) {
      wg.Go([&done] {
        while (!done) os::ProcYield(1);
      });
    }
    Sleep(absl::Milliseconds(2));
    Sleep(absl::Milliseconds(2));
    done = true;
    wg.Wait();
  });
}

// The sleeper's timer is in the heap of a P that is in a blocking call.
TEST_P(SleepTest, EndsThoughItsPIsInABlockingCall) {
  heddle::Run(options(), [] {
    WaitGroup wg;
    std::atomic<bool> woke{false};
    for (int i = 0; i < GetParam(); i++) {
      wg.Go([&woke] {
        Sleep(absl::Milliseconds(2));
        woke = true;
      });
    }
    Yield();
    Blocking([&woke] {
      while (!woke) os::Usleep(100);
    });
    wg.Wait();
  });
}

TEST_P(SleepTest, WhileLockedToAThread) {
  heddle::Run(options(), [] {
    WaitGroup wg;
    for (int i = 0; i < 3; i++) {
      wg.Go([] {
        LockOsThread();
        const auto id = std::this_thread::get_id();
        for (int j = 0; j < 5; j++) Sleep(absl::Microseconds(300));
        EXPECT_EQ(std::this_thread::get_id(), id);
        UnlockOsThread();
      });
    }
    wg.Wait();
  });
}

// What is in the heaps of Ps that go away moves.
TEST(SleepResizeTest, GoMaxProcsShrinksAndGrows) {
  heddle::Run(Options{.procs = 4}, [] {
    WaitGroup wg;
    std::atomic<int> early{0};
    for (int i = 0; i < 400; i++) {
      wg.Go([i, &early] {
        const absl::Duration d = absl::Microseconds(i * 50);
        if (TimeToSleep(d) < absl::ToInt64Nanoseconds(d)) early++;
      });
    }
    for (int i = 0; i < 40; i++) {
      GoMaxProcs(1 + i * 3 % 4);
      Sleep(absl::Microseconds(500));
    }
    GoMaxProcs(1);
    wg.Wait();
    EXPECT_EQ(early, 0);
  });
}

// Sleepers are neither a deadlock nor the end of a Run.
TEST_P(SleepTest, IsNoDeadlock) {
  for (const DeadlockCheck check :
       {DeadlockCheck::kAlways, DeadlockCheck::kAuto}) {
    Options options = this->options();
    options.deadlock = check;
    heddle::Run(options, [] {
      WaitGroup wg;
      wg.Go([] { Sleep(absl::Milliseconds(30)); });
      wg.Wait();
      Sleep(absl::Milliseconds(1));
    });
  }
}

TEST_P(SleepTest, RunWaitsForSleepers) {
  bool woke = false;
  heddle::Run(options(), [&woke] {
    Go([&woke] {
      Sleep(absl::Milliseconds(5));
      woke = true;
    });
  });
  EXPECT_TRUE(woke);
}

TEST_P(SleepTest, AnAbandonedSleeperGoesOnInTheNextRun) {
  Options options = this->options();
  options.on_main_return = OnMainReturn::kAbandon;
  std::atomic<bool> woke{false};
  Runtime runtime(options);
  runtime.Run([&woke] {
    Go([&woke] {
      Sleep(absl::Milliseconds(1));
      woke = true;
    });
    Yield();
  });
  os::Usleep(2000);
  runtime.Run([&woke] {
    while (!woke) Sleep(absl::Microseconds(100));
  });
}

TEST_P(SleepTest, MovesBetweenThreads) {
  Options options = this->options();
  options.migrate_always = true;
  heddle::Run(options, [] {
    for (int i = 0; i < 20; i++) Sleep(absl::Microseconds(100));
  });
}

TEST_P(SleepTest, AtRandom) {
  Options options = this->options();
  options.randomize = true;
  heddle::Run(options, [] {
    WaitGroup wg;
    for (int i = 0; i < 300; i++) {
      wg.Go([i] { Sleep(absl::Microseconds(i * 7 % 50)); });
    }
    wg.Wait();
  });
}

TEST(SleepRuntimesTest, SideBySide) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([] {
      for (int j = 0; j < 3; j++) {
        heddle::Run(Options{.procs = 2}, [] {
          WaitGroup wg;
          for (int k = 0; k < 20; k++) {
            wg.Go([k] { Sleep(absl::Microseconds(100 * k)); });
          }
          wg.Wait();
        });
      }
    });
  }
  for (std::thread& t : threads) t.join();
}

TEST_P(SleepTest, ShowsInReports) {
  heddle::Run(options(), [] {
    std::atomic<bool> seen{false};
    WaitGroup wg;
    wg.Go([&seen] {
      while (!seen) Sleep(absl::Milliseconds(1));
    });
    while (debug::AllStacks().find(" [sleep]:") == std::string::npos) Yield();
    seen = true;
    wg.Wait();
  });
}

// What a goroutine starts has the slack that the program has.
TEST(SleepTest, LeavesTheTimerSlack) {
  const int usual = prctl(PR_GET_TIMERSLACK);
  heddle::Run(Options{.procs = 2}, [&] {
    for (int i = 0; i < 50; i++) {
      Sleep(absl::Microseconds(200));
      EXPECT_EQ(prctl(PR_GET_TIMERSLACK), usual);
      std::thread([&] { EXPECT_EQ(prctl(PR_GET_TIMERSLACK), usual); }).join();
    }
  });
  std::atomic<int> of_func{0};
  AfterFunc(absl::Milliseconds(1), [&] { of_func = prctl(PR_GET_TIMERSLACK); });
  while (of_func == 0) std::this_thread::yield();
  EXPECT_EQ(of_func, usual);
}

}  // namespace
}  // namespace heddle
