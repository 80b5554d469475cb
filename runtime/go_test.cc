// The go statement and what goroutines say of themselves, as users see them.

#include "heddle/runtime/go.h"

#include <atomic>
#include <functional>
#include <memory>
#include <stdexcept>
#include <thread>  // NOLINT
#include <utility>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/sched/g.h"

namespace heddle {
namespace {

std::atomic<int> calls{0};
void Function() { calls++; }

TEST(GoTest, AnyCallable) {
  calls = 0;
  heddle::Run([] {
    Go(Function);
    Go(&Function);
    Go([] { calls++; });
    Go(std::function<void()>(Function));
    Go(absl::AnyInvocable<void()>(Function));
    Go([p = std::make_unique<int>(1)] { calls += *p; });
    const auto shared = [] { calls++; };
    Go(shared);
    auto returns = [] { return ++calls; };
    Go(returns);
    struct OnlyOnce {
      void operator()() && { calls++; }
    };
    Go(OnlyOnce());
    Go(GoOptions{.stack_size = 256 << 10, .name = "big"}, [] { calls++; });
  });
  EXPECT_EQ(calls, 10);
}

TEST(GoDeathTest, OutsideAnyRuntime) {
  EXPECT_DEATH(Go([] {}), "fatal error: heddle::Go called outside any runtime");
}

TEST(GoDeathTest, NilFunction) {
  EXPECT_DEATH(heddle::Run([] { Go(static_cast<void (*)()>(nullptr)); }),
               "fatal error: go of nil func value");
  EXPECT_DEATH(heddle::Run([] { Go(absl::AnyInvocable<void()>()); }),
               "fatal error: go of nil func value");
}

TEST(GoTest, Ids) {
  EXPECT_EQ(GoId(), 0);
  EXPECT_EQ(ParentGoId(), 0);
  heddle::Run([] {
    EXPECT_EQ(GoId(), 1);
    EXPECT_EQ(ParentGoId(), 0);
    WaitGroup wg;
    wg.Go([] {
      EXPECT_GT(GoId(), 1);
      EXPECT_EQ(ParentGoId(), 1);
    });
    wg.Wait();
  });
}

TEST(GoTest, NumGoroutine) {
  EXPECT_EQ(NumGoroutine(), 0);
  heddle::Run([] {
    EXPECT_EQ(NumGoroutine(), 1);
    WaitGroup stop;
    stop.Add(1);
    WaitGroup wg;
    for (int i = 0; i < 10; i++) wg.Go([&] { stop.Wait(); });
    Go(GoOptions{.system = true}, [] {});
    EXPECT_EQ(NumGoroutine(), 11);
    stop.Done();
    wg.Wait();
    while (NumGoroutine() > 1) Yield();
  });
}

TEST(GoTest, ProcsAndCpus) {
  EXPECT_GE(NumCpu(), 1);
  EXPECT_EQ(GoMaxProcs(0), 0);
  heddle::Run(Options{.procs = 2}, [] {
    EXPECT_EQ(GoMaxProcs(0), 2);
    EXPECT_EQ(GoMaxProcs(3), 2);
    EXPECT_EQ(GoMaxProcs(0), 3);
  });
}

TEST(GoDeathTest, GoMaxProcsOutsideAnyRuntime) {
  EXPECT_DEATH(GoMaxProcs(2),
               "fatal error: heddle::GoMaxProcs called outside any runtime");
}

TEST(GoTest, StartingStackSize) {
  EXPECT_EQ(StartingStackSize(0), 0);
  const auto size_of_next = [] {
    size_t size = 0;
    WaitGroup wg;
    wg.Go([&] { size = sched::Getg()->stack.size(); });
    wg.Wait();
    return size;
  };
  heddle::Run(Options{.stack_size = 64 << 10}, [&] {
    EXPECT_EQ(size_of_next(), 64 << 10);
    EXPECT_EQ(StartingStackSize(100'000), 64 << 10);
    EXPECT_EQ(StartingStackSize(0), 128 << 10);
    // The last one's G is reused, with another stack.
    EXPECT_EQ(size_of_next(), 128 << 10);
    EXPECT_EQ(StartingStackSize(32 << 10), 128 << 10);
    EXPECT_EQ(size_of_next(), 32 << 10);
    EXPECT_THROW(StartingStackSize(2047), std::invalid_argument);
    EXPECT_THROW(StartingStackSize(size_t{2} << 30), std::invalid_argument);
    EXPECT_EQ(StartingStackSize(0), 32 << 10);
  });
}

TEST(GoDeathTest, StartingStackSizeOutsideAnyRuntime) {
  EXPECT_DEATH(
      StartingStackSize(1 << 20),
      "fatal error: heddle::StartingStackSize called outside any runtime");
}

TEST(GoTest, YieldOnAPlainThread) { Yield(); }

TEST(GoTest, YieldLetsOthersRun) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    bool ran = false;
    Go([&] { ran = true; });
    for (int i = 0; i < 3 && !ran; i++) Yield();
    EXPECT_TRUE(ran);
  });
}

}  // namespace
}  // namespace heddle
