// Runtime and Run: what comes before, between and after.

#include "heddle/runtime/runtime.h"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>  // NOLINT(build/c++17)
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>  // NOLINT
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/quiet_threads.h"
#include "heddle/runtime/sched/proc.h"

namespace heddle {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(RunTest, ReturnsMainsValue) {
  EXPECT_EQ(heddle::Run([] { return 7; }), 7);
  EXPECT_EQ(heddle::Run(Options{.procs = 1}, [] { return 8; }), 8);
  EXPECT_EQ(heddle::Run([] {}), 0);
  Runtime runtime;
  EXPECT_EQ(runtime.Run(absl::AnyInvocable<int()>([] { return 9; })), 9);
  EXPECT_EQ(runtime.Run([p = std::make_unique<int>(10)] { return *p; }), 10);
}

TEST(RunTest, WaitsForEveryGoroutine) {
  std::atomic<int> n{0};
  heddle::Run(Options{.procs = 2}, [&] {
    for (int i = 0; i < 100; i++) {
      Go([&] {
        for (int j = 0; j < 10; j++) Yield();
        Go([&] {
          Yield();
          n++;
        });
        n++;
      });
    }
  });
  EXPECT_EQ(n, 200);
}

TEST(RunTest, AgainAndAgain) {
  Runtime runtime(Options{.procs = 2});
  for (int i = 0; i < 100; i++) {
    std::atomic<int> n{0};
    EXPECT_EQ(runtime.Run([&] {
      for (int j = 0; j < 10; j++) Go([&] { n++; });
      return i;
    }),
              i);
    EXPECT_EQ(n, 10);
  }
}

TEST(RunTest, FromDifferentThreads) {
  Runtime runtime(Options{.procs = 2});
  for (int i = 0; i < 10; i++) {
    std::thread([&] {
      EXPECT_EQ(runtime.Run([&] {
        Go([] { Yield(); });
        return i;
      }),
                i);
    }).join();
  }
}

TEST(RunTest, InsideACatchBlock) {
  try {
    throw std::runtime_error("outer");
  } catch (const std::runtime_error&) {
    heddle::Run(Options{.procs = 2}, [] {
      EXPECT_EQ(std::current_exception(), nullptr);
      for (int i = 0; i < 10; i++) Go([] { Yield(); });
    });
    EXPECT_THROW(throw, std::runtime_error);
  }
}

TEST(RunDeathTest, TwiceAtOnce) {
  EXPECT_DEATH(
      {
        Runtime runtime;
        runtime.Run([&] { runtime.Run([] {}); });
      },
      "fatal error: heddle::Runtime::Run called while it runs");
}

Runtime* StaticRuntime() {
  static Runtime runtime(Options{.procs = 2});
  return &runtime;
}

Runtime* RuntimeOfAStaticPointer() {
  static const auto runtime = std::make_unique<Runtime>(Options{.procs = 2});
  return runtime.get();
}

// It ends the process with its status, whatever runs.
TEST(RunDeathTest, ExitOnAGoroutine) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (Runtime* (*get)() : {StaticRuntime, RuntimeOfAStaticPointer}) {
    EXPECT_EXIT(get()->Run([] {
      Chan<int> never;
      Go([] {
        for (;;) Yield();
      });
      Go([never] { never.Recv(); });
      Go([] {
        Yield();
        std::exit(7);
      });
      never.Recv();
    }),
                testing::ExitedWithCode(7), "^$");
    EXPECT_EXIT(get()->Run([] { std::exit(8); }), testing::ExitedWithCode(8),
                "^$");
  }
}

TEST(RunDeathTest, DestroyedWhileItRuns) {
  EXPECT_DEATH(
      {
        auto runtime = std::make_unique<Runtime>();
        runtime->Run([&] { runtime.reset(); });
      },
      "fatal error: heddle::Runtime destroyed while it runs");
}

TEST(RunDeathTest, ANilMain) {
  EXPECT_DEATH(Runtime().Run(absl::AnyInvocable<int()>()),
               "fatal error: go of nil func value");
}

TEST(RunTest, ARuntimeInsideAnother) {
  heddle::Run(Options{.procs = 1}, [] {
    const uint64_t outer = GoId();
    Go([] {
      const uint64_t id = GoId();
      EXPECT_EQ(heddle::Run(Options{.procs = 2},
                            [] {
                              EXPECT_EQ(GoId(), 1);
                              Go([] { Yield(); });
                              return 5;
                            }),
                5);
      EXPECT_EQ(GoId(), id);
      Yield();
    });
    Yield();
    EXPECT_EQ(GoId(), outer);
  });
}

TEST(RunTest, SeveralSideBySide) {
  std::vector<std::thread> threads;
  std::atomic<int> n{0};
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; i++) {
        heddle::Run(Options{.procs = 2}, [&] {
          for (int j = 0; j < 20; j++) {
            Go([&] {
              Yield();
              n++;
            });
          }
        });
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(n, 4 * 20 * 20);
}

TEST(RunTest, AThousandRuntimesLeaveNoThread) {
  heddle::Run(Options{.procs = 2}, [] { Go([] {}); });
  const int before = os::ThreadCount();
  for (int i = 0; i < 1000; i++) {
    heddle::Run(Options{.procs = 2}, [] {
      WaitGroup wg;
      for (int j = 0; j < 4; j++) wg.Go([] { Yield(); });
      wg.Wait();
    });
  }
  // A joined thread may be listed for some microseconds yet.
  while (os::ThreadCount() > before) os::OsYield();
}

// Its end is not main's, though it was the first goroutine.
TEST(RunTest, AnEarlyGoroutineIsNotMain) {
  for (const OnMainReturn on_return :
       {OnMainReturn::kWait, OnMainReturn::kAbandon}) {
    for (int i = 0; i < 300; i++) {
      // Its own: it may outlive the runtime.
      const auto early = std::make_shared<std::atomic<uint64_t>>(0);
      bool ended = false;
      Runtime runtime(Options{.procs = 2, .on_main_return = on_return});
      runtime.Go([early] { *early = GoId(); });
      runtime.Run([&] {
        EXPECT_EQ(GoId(), 1);
        Sleep(absl::Milliseconds(1));
        ended = true;
      });
      ASSERT_TRUE(ended);
      if (on_return == OnMainReturn::kWait) {
        EXPECT_GT(*early, 1);
      }
    }
  }
}

// Nor is one that is left from the Run before.
TEST(RunTest, EachRunHasAMainOfItsOwn) {
  const Chan<int> go_on;
  std::atomic<bool> left_ended{false};
  Runtime runtime(
      Options{.procs = 2, .on_main_return = OnMainReturn::kAbandon});
  runtime.Run([&] {
    Go([&] {
      go_on.Recv();
      left_ended = true;
    });
  });
  bool ended = false;
  runtime.Run([&] {
    EXPECT_EQ(GoId(), 1);
    go_on.Send(1);
    while (!left_ended) Yield();
    Sleep(absl::Milliseconds(1));
    ended = true;
  });
  EXPECT_TRUE(ended);
}

TEST(RuntimeTest, ConstructionStartsNoThread) {
  const int before = os::ThreadCount();
  Runtime runtime(Options{.procs = 8});
  EXPECT_EQ(os::ThreadCount(), before);
}

TEST(RuntimeTest, GoFromAPlainThread) {
  Runtime runtime(Options{.procs = 2});
  std::atomic<int> n{0};
  // Before Run: queued.
  runtime.Go([&] { n++; });
  EXPECT_EQ(n, 0);
  std::vector<std::thread> threads;
  runtime.Run([&] {
    WaitGroup started;
    for (int t = 0; t < 4; t++) {
      started.Add(100);
      threads.emplace_back([&] {
        for (int i = 0; i < 100; i++) {
          runtime.Go([&] {
            n++;
            started.Done();
          });
        }
      });
    }
    started.Wait();
    for (std::thread& t : threads) t.join();
  });
  EXPECT_EQ(n, 401);
  // Between two: queued for the next.
  runtime.Go([&] { n++; });
  runtime.Run([] {});
  EXPECT_EQ(n, 402);
}

TEST(RuntimeTest, WhatNeverRanIsDestroyed) {
  auto captured = std::make_shared<int>(1);
  bool ran = false;
  {
    Runtime runtime;
    for (int i = 0; i < 5; i++) {
      runtime.Go([captured, &ran] { ran = true; });
    }
    EXPECT_EQ(captured.use_count(), 6);
  }
  EXPECT_EQ(captured.use_count(), 1);
  EXPECT_FALSE(ran);
}

TEST(RuntimeTest, OptionsOutOfRangeAreErrors) {
  const auto error = [](const Options& options) -> std::string {
    try {
      const Runtime runtime(options);
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(error({.procs = -1}),
              AllOf(HasSubstr("Options::procs is -1"), HasSubstr("1024")));
  EXPECT_THAT(error({.procs = 1025}), HasSubstr("Options::procs is 1025"));
  EXPECT_THAT(error({.stack_size = 0}), HasSubstr("Options::stack_size is 0"));
  EXPECT_THAT(error({.max_threads = 0}),
              HasSubstr("Options::max_threads is 0"));
  EXPECT_EQ(error({.procs = 1024, .stack_size = 50'000, .max_threads = 1}), "");
}

TEST(RuntimeTest, ProcsFromTheEnvironment) {
  setenv("HEDDLE_PROCS", "3", 1);
  heddle::Run([] { EXPECT_EQ(GoMaxProcs(0), 3); });
  heddle::Run(Options{.procs = 2}, [] { EXPECT_EQ(GoMaxProcs(0), 2); });
  setenv("HEDDLE_PROCS", "many", 1);
  EXPECT_THROW(Runtime(), std::invalid_argument);
  unsetenv("HEDDLE_PROCS");
  heddle::Run([] { EXPECT_EQ(GoMaxProcs(0), NumCpu()); });
}

// ---- OnMainReturn::kAbandon ----

class AbandonTest : public testing::TestWithParam<int> {
 protected:
  const Options options_{.procs = GetParam(),
                         .on_main_return = OnMainReturn::kAbandon};
};
INSTANTIATE_TEST_SUITE_P(Procs, AbandonTest, testing::Values(1, 2));

TEST_P(AbandonTest, ReturnsWhenMainDoes) {
  EXPECT_EQ(heddle::Run(options_, [] { return 3; }), 3);
  EXPECT_EQ(heddle::Run(options_,
                        [] {
                          Yield();
                          return 4;
                        }),
            4);
}

TEST_P(AbandonTest, LeavesParkedGoroutines) {
  // Not on main's stack: what is abandoned must not refer to it. Nor another
  // test's, whose waiters are gone with their runtime.
  static std::list<WaitGroup> left_behind;
  WaitGroup& never = left_behind.emplace_back();
  never.Add(1);
  const auto wait = [&never] { never.Wait(); };
  EXPECT_EQ(heddle::Run(options_,
                        [&] {
                          for (int i = 0; i < 10; i++) Go(wait);
                          for (int i = 0; i < 10; i++) Yield();
                          return 5;
                        }),
            5);
}

TEST_P(AbandonTest, LeavesGoroutinesThatYieldForEver) {
  EXPECT_EQ(heddle::Run(options_,
                        [] {
                          for (int i = 0; i < 10; i++) {
                            Go([] {
                              for (;;) Yield();
                            });
                          }
                          for (int i = 0; i < 10; i++) Yield();
                          return 6;
                        }),
            6);
}

// Neither one that blocks its thread nor one that never calls the runtime keeps
// Run, whichever thread they were on.
TEST_P(AbandonTest, LeavesGoroutinesThatBlock) {
  static int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  EXPECT_EQ(heddle::Run(options_,
                        [] {
                          for (int i = 0; i < 4; i++) {
                            Go([] {
                              Blocking([] {
                                char c;
                                return read(fds[0], &c, 1);
                              });
                            });
                          }
                          for (int i = 0; i < 10; i++) Yield();
                          return 7;
                        }),
            7);
  // Their threads are left alone until the calls return, then they end.
  close(fds[1]);
  while (sched::ReapOrphans() > 0) os::OsYield();
  close(fds[0]);
}

// Main, back from a blocking call on the calling thread, finds no P and goes on
// elsewhere, and to its end, while that thread is on its way to sleep.
TEST_P(AbandonTest, MainEndsOnAnotherThread) {
  Runtime runtime(options_);
  for (int i = 0; i < 300; i++) {
    EXPECT_EQ(runtime.Run([i] {
      for (int j = 0; j < 3; j++) {
        Go([] {
          for (int k = 0; k < 10; k++) Yield();
        });
      }
      Blocking([i] { os::Usleep(i % 50); });
      return i;
    }),
              i);
  }
}

TEST_P(AbandonTest, WhatWasLeftGoesOnWithTheNextRun) {
  Runtime runtime(options_);
  static std::atomic<int> n{0};
  n = 0;
  runtime.Run([] { Go([] { n++; }); });
  while (n == 0) runtime.Run([] { Yield(); });
  EXPECT_EQ(n, 1);
}

int64_t ThreadsOfTheProcess() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                       std::filesystem::directory_iterator());
}

// Under TSan one that ends, and that nobody will join, were a leak of threads.
TEST(AbandonDeathTest, AThreadMayEndWhileTheProcessExits) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        static int fds[2];
        ASSERT_EQ(pipe(fds), 0);
        // TSan starts a thread of its own with the first.
        std::thread([] {}).join();
        static const int64_t before = ThreadsOfTheProcess();
        // The last comes first: the runtime is done with its orphans.
        std::atexit([] {
          close(fds[1]);
          while (ThreadsOfTheProcess() > before) os::OsYield();
        });
        heddle::Run({.on_main_return = OnMainReturn::kAbandon}, [] {
          static std::atomic<bool> blocks{false};
          Go([] {
            Blocking([] {
              blocks = true;
              char c;
              return read(fds[0], &c, 1);
            });
          });
          while (!blocks) Yield();
        });
        std::exit(0);
      },
      testing::ExitedWithCode(0), "^$");
}

}  // namespace
}  // namespace heddle
