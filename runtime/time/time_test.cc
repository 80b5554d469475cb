#include "heddle/runtime/time/time.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/os/clock.h"

namespace heddle {
namespace {

constexpr absl::Duration kShort = absl::Milliseconds(1);
constexpr absl::Duration kLong = absl::Hours(1);

class TimeTest : public testing::TestWithParam<int> {
 protected:
  Options options() const { return Options{.procs = GetParam()}; }
};
INSTANTIATE_TEST_SUITE_P(Procs, TimeTest, testing::Values(1, 2, 4));

// TestAfterFunc: each call starts the next.
TEST_P(TimeTest, AfterFuncInAChain) {
  heddle::Run(options(), [] {
    int left = 10;
    WaitGroup wg;
    wg.Add(1);
    std::function<void()> next = [&] {
      if (--left == 0) {
        wg.Done();
      } else {
        AfterFunc(absl::ZeroDuration(), next);
      }
    };
    AfterFunc(absl::ZeroDuration(), next);
    wg.Wait();
    EXPECT_EQ(left, 0);
  });
}

// TestAfterStress: beside one that makes garbage, here: goroutines.
TEST_P(TimeTest, AfterFuncUnderStress) {
  heddle::Run(options(), [] {
    std::atomic<bool> stop{false};
    WaitGroup wg;
    wg.Go([&] {
      while (!stop) {
        wg.Go([] {});
        Yield();
      }
    });
    Ticker ticker(absl::Microseconds(50));
    for (int i = 0; i < 32; i++) EXPECT_TRUE(ticker.C().Recv().has_value());
    ticker.Stop();
    stop = true;
    wg.Wait();
  });
}

TEST_P(TimeTest, AfterFuncRunsInAGoroutineOfItsOwn) {
  heddle::Run(options(), [] {
    const uint64_t me = GoId();
    Chan<uint64_t> ids;
    AfterFunc(kShort, [ids] {
      Yield();
      ids.Send(GoId());
    });
    const std::optional<uint64_t> id = ids.Recv();
    ASSERT_TRUE(id.has_value());
    EXPECT_NE(*id, 0u);
    EXPECT_NE(*id, me);
  });
}

TEST_P(TimeTest, AfterFuncKeepsItsFunctionAsLongAsNeeded) {
  heddle::Run(options(), [] {
    auto token = std::make_shared<int>(7);
    const std::weak_ptr<int> watch = token;
    Chan<int> ch;
    // The handle is dropped.
    AfterFunc(kShort, [token = std::move(token), ch] { ch.Send(*token); });
    EXPECT_EQ(ch.Recv(), 7);
    while (!watch.expired()) Yield();

    auto other = std::make_shared<int>(8);
    const std::weak_ptr<int> watch_other = other;
    {
      Timer t = AfterFunc(kLong, [other = std::move(other)] {});
      EXPECT_TRUE(t.Stop());
      EXPECT_FALSE(watch_other.expired());
    }
    EXPECT_TRUE(watch_other.expired());
  });
}

TEST_P(TimeTest, PendingTimersEndWithTheRuntime) {
  const auto token = std::make_shared<int>(0);
  heddle::Run(options(), [&token] {
    AfterFunc(kLong, [token] { ADD_FAILURE(); });
    After(kLong);
    Sleep(kShort);
  });
  EXPECT_EQ(token.use_count(), 1);
}

// TestAfter.
TEST_P(TimeTest, AfterSendsTheTime) {
  heddle::Run(options(), [] {
    const int64_t start = os::Nanotime();
    const absl::Time before = absl::Now();
    const std::optional<absl::Time> at = After(kShort).Recv();
    EXPECT_GE(os::Nanotime() - start, absl::ToInt64Nanoseconds(kShort));
    ASSERT_TRUE(at.has_value());
    // The clock on the wall may be set meanwhile; not by a day.
    EXPECT_LT(absl::AbsDuration(*at - before), absl::Hours(24));
    EXPECT_TRUE(After(-kLong).Recv().has_value());
  });
}

// TestAfterStop.
TEST_P(TimeTest, StopKeepsItFromExpiring) {
  heddle::Run(options(), [] {
    std::atomic<bool> called{false};
    Timer f = AfterFunc(kLong, [&called] { called = true; });
    Timer c(kLong);
    EXPECT_TRUE(f.Stop());
    EXPECT_FALSE(f.Stop());
    EXPECT_TRUE(c.Stop());
    EXPECT_FALSE(c.Stop());
    Sleep(kShort);
    EXPECT_FALSE(called);
    EXPECT_FALSE(c.C().TryRecv().has_value());
  });
}

TEST_P(TimeTest, StopAfterItsTimeIsFalseAndLeavesTheTime) {
  heddle::Run(options(), [] {
    Timer t(absl::ZeroDuration());
    while (t.C().len() == 0) Yield();
    EXPECT_FALSE(t.Stop());
    EXPECT_TRUE(t.C().TryRecv().has_value());
  });
}

// TestReset.
TEST_P(TimeTest, ResetGivesItAnotherTime) {
  heddle::Run(options(), [] {
    const int64_t start = os::Nanotime();
    Timer t(kLong);
    EXPECT_TRUE(t.Reset(2 * kShort));
    t.C().Recv();
    EXPECT_GE(os::Nanotime() - start, absl::ToInt64Nanoseconds(2 * kShort));
    EXPECT_FALSE(t.Reset(kShort));
    t.C().Recv();
    EXPECT_FALSE(t.Reset(kLong));
    EXPECT_TRUE(t.Reset(kLong));
    EXPECT_TRUE(t.Stop());
    EXPECT_FALSE(t.Reset(-kLong));
    t.C().Recv();
  });
}

// TestTimerStopStress: of Stop and the function one comes first.
TEST_P(TimeTest, StopRacesWithTheFunction) {
  heddle::Run(options(), [] {
    constexpr int kTimers = 100;
    std::atomic<int> called{0};
    std::atomic<int> stopped{0};
    WaitGroup wg;
    for (int i = 0; i < kTimers; i++) {
      wg.Go([&, i] {
        Timer t = AfterFunc(absl::Microseconds(20 * i), [&] {
          called++;
          wg.Done();
        });
        wg.Add(1);
        Sleep(absl::Microseconds(20 * (kTimers - i)));
        if (t.Stop()) {
          stopped++;
          wg.Done();
        }
      });
    }
    wg.Wait();
    EXPECT_EQ(called + stopped, kTimers);
  });
}

// TestAdjustTimers: 100 timers on a random walk between states.
TEST_P(TimeTest, TimersOnARandomWalk) {
  heddle::Run(options(), [] {
    base::FastRand random(3);
    std::vector<Timer> timers;
    for (int i = 0; i < 100; i++) timers.emplace_back(kLong);
    for (int step = 0; step < 3000; step++) {
      Timer& t = timers[random.Below(100)];
      switch (random.Below(5)) {
        case 0:
          t.Stop();
          break;
        case 1:
          t.Reset(kLong);
          break;
        case 2:
          t.Reset(absl::Microseconds(random.Below(100)));
          break;
        case 3:
          t.C().TryRecv();
          break;
        default:
          Sleep(absl::Microseconds(random.Below(10)));
      }
    }
    // Each of them works still.
    for (Timer& t : timers) {
      t.Stop();
      t.C().TryRecv();
    }
    Sleep(kShort);
    for (Timer& t : timers) {
      // One that was being sent meanwhile.
      t.C().TryRecv();
      EXPECT_FALSE(t.Reset(absl::ZeroDuration()));
    }
    for (Timer& t : timers) EXPECT_TRUE(t.C().Recv().has_value());
  });
}

// TestTicker.
TEST_P(TimeTest, TickerTicksNoFasterThanItShould) {
  heddle::Run(options(), [] {
    constexpr int kTicks = 10;
    const int64_t start = os::Nanotime();
    Ticker ticker(kShort);
    for (int i = 0; i < kTicks; i++) ticker.C().Recv();
    // The first tick is after one interval, and each at its own.
    EXPECT_GE(os::Nanotime() - start,
              absl::ToInt64Nanoseconds(kTicks * kShort));
    ticker.Stop();
    ticker.C().TryRecv();
    Sleep(2 * kShort);
    EXPECT_FALSE(ticker.C().TryRecv().has_value());
    ticker.Reset(kShort / 2);
    ticker.C().Recv();
    ticker.C().Recv();
  });
}

TEST_P(TimeTest, TickerDropsTicksThatNobodyTakes) {
  heddle::Run(options(), [] {
    Ticker ticker(absl::Microseconds(100));
    while (ticker.C().len() == 0) Sleep(kShort);
    Sleep(5 * kShort);
    ticker.Stop();
    EXPECT_EQ(ticker.C().cap(), 1u);
    EXPECT_TRUE(ticker.C().TryRecv().has_value());
    // One more may have been on its way when it was stopped.
    Sleep(kShort);
    ticker.C().TryRecv();
    Sleep(kShort);
    EXPECT_FALSE(ticker.C().TryRecv().has_value());
  });
}

TEST_P(TimeTest, TickerEndsWithItsLastHandle) {
  heddle::Run(options(), [] {
    auto ticker = std::make_unique<Ticker>(kShort / 4);
    auto copy = std::make_unique<Ticker>(*ticker);
    const Chan<absl::Time> c = ticker->C();
    ticker.reset();
    c.Recv();
    c.Recv();
    copy.reset();
    Sleep(kShort);
    c.TryRecv();
    Sleep(kShort);
    EXPECT_FALSE(c.TryRecv().has_value());
  });
}

// TestNewTickerLtZeroDuration, TestTickerResetLtZeroDuration.
TEST(TickerTest, WantsAnInterval) {
  heddle::Run([] {
    EXPECT_THROW(Ticker{absl::ZeroDuration()}, std::invalid_argument);
    EXPECT_THROW(Ticker(-kLong), std::invalid_argument);
    Ticker ticker(kLong);
    EXPECT_THROW(ticker.Reset(absl::ZeroDuration()), std::invalid_argument);
  });
}

TEST(TickerTest, OfAnAge) {
  heddle::Run([] {
    Ticker ticker(absl::InfiniteDuration());
    Sleep(kShort);
    EXPECT_FALSE(ticker.C().TryRecv().has_value());
  });
}

// A channel that the program closes, though it should not.
TEST_P(TimeTest, AClosedChannelIsLeftAlone) {
  heddle::Run(options(), [] {
    Timer t(kShort);
    t.C().Close();
    Sleep(2 * kShort);
    EXPECT_FALSE(t.Stop());
  });
}

// What has fired, wherever, comes before the end of the channel and the timer:
// TSan would say if not.
TEST_P(TimeTest, ATimeThatNobodyTakes) {
  heddle::Run(options(), [] {
    for (int i = 0; i < 10; i++) {
      Timer t(kShort);
      while (t.C().len() == 0) Sleep(kShort);
    }
  });
}

// Pending timers are no deadlock, and wake who waits.
TEST_P(TimeTest, IsNoDeadlock) {
  Options options = this->options();
  options.deadlock = DeadlockCheck::kAlways;
  heddle::Run(options, [] {
    WaitGroup wg;
    wg.Add(1);
    AfterFunc(20 * kShort, [&wg] { wg.Done(); });
    wg.Wait();
    After(kShort).Recv();
  });
}

using TimeDeathTest = TimeTest;
INSTANTIATE_TEST_SUITE_P(Procs, TimeDeathTest, testing::Values(1, 2));

TEST_P(TimeDeathTest, DeadlockOnceTimersAreStopped) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Options options = this->options();
        options.deadlock = DeadlockCheck::kAlways;
        heddle::Run(options, [] {
          Timer t(kLong);
          t.Stop();
          t.C().Recv();
        });
      },
      "all goroutines are asleep - deadlock!");
}

TEST_P(TimeDeathTest, AfterFuncOfNothing) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(heddle::Run(options(), [] { AfterFunc(kShort, nullptr); }),
               "heddle::AfterFunc of nil func value");
}

TEST(TimeOnThreadTest, AllWorksWithoutARuntime) {
  const int64_t start = os::Nanotime();
  EXPECT_TRUE(After(kShort).Recv().has_value());
  EXPECT_GE(os::Nanotime() - start, absl::ToInt64Nanoseconds(kShort));
  Ticker ticker(kShort / 2);
  ticker.C().Recv();
  ticker.C().Recv();
  ticker.Stop();
  Timer t(kLong);
  EXPECT_TRUE(t.Stop());
  EXPECT_FALSE(t.Reset(absl::ZeroDuration()));
  t.C().Recv();
  const auto me = std::this_thread::get_id();
  Chan<bool> same(1);
  AfterFunc(kShort,
            [same, me] { same.Send(std::this_thread::get_id() == me); });
  EXPECT_EQ(same.Recv(), false);
}

TEST(TimeOnThreadTest, OneTimerOfGoroutinesAndThreads) {
  Timer t(kLong);
  heddle::Run(Options{.procs = 2}, [&t] {
    EXPECT_TRUE(t.Reset(kShort));
    t.C().Recv();
    EXPECT_FALSE(t.Reset(kLong));
  });
  // Dropped with the runtime.
  EXPECT_FALSE(t.Stop());
  EXPECT_FALSE(t.Reset(kShort));
  EXPECT_TRUE(t.C().Recv().has_value());
}

}  // namespace
}  // namespace heddle
