#include "heddle/runtime/sync/wait_group.h"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

TEST(WaitGroupTest, WaitsForAll) {
  for (int procs : {1, 2, 4}) {
    heddle::Run(Options{.procs = procs}, [] {
      WaitGroup wg;
      int done[100] = {};
      for (int& d : done) {
        wg.Go([&d] {
          Yield();
          d = 1;
        });
      }
      wg.Wait();
      for (int d : done) EXPECT_EQ(d, 1);  // and visible
    });
  }
}

TEST(WaitGroupTest, ZeroDoesNotWait) {
  WaitGroup wg;
  wg.Wait();
  wg.Add(2);
  wg.Add(-2);
  wg.Wait();
}

TEST(WaitGroupTest, ManyWaiters) {
  heddle::Run(Options{.procs = 2}, [] {
    WaitGroup start;
    start.Add(1);
    std::atomic<int> n{0};
    WaitGroup all;
    for (int i = 0; i < 50; i++) {
      all.Go([&] {
        start.Wait();
        n++;
      });
    }
    Yield();
    EXPECT_EQ(n, 0);
    start.Done();
    all.Wait();
    EXPECT_EQ(n, 50);
  });
}

TEST(WaitGroupTest, Reuse) {
  heddle::Run(Options{.procs = 2}, [] {
    WaitGroup wg;
    for (int i = 0; i < 1000; i++) {
      std::atomic<int> n{0};
      for (int j = 0; j < 3; j++) wg.Go([&] { n++; });
      wg.Wait();
      ASSERT_EQ(n, 3);
    }
  });
}

// The last Done must not touch a WaitGroup that its waiter has destroyed.
TEST(WaitGroupTest, DestroyedRightAfterWait) {
  heddle::Run(Options{.procs = 2}, [] {
    for (int i = 0; i < 2000; i++) {
      auto wg = std::make_unique<WaitGroup>();
      wg->Add(1);
      Go([p = wg.get()] { p->Done(); });
      if (i % 2 == 0) Yield();
      wg->Wait();
    }
  });
}

TEST(WaitGroupTest, PlainThreads) {
  WaitGroup wg;
  wg.Add(4);
  std::vector<std::thread> threads;
  std::atomic<int> n{0};
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      n++;
      wg.Done();
    });
  }
  wg.Wait();
  EXPECT_EQ(n, 4);
  for (std::thread& t : threads) t.join();
}

TEST(WaitGroupTest, AThreadWaitsForGoroutinesAndBack) {
  Runtime runtime(Options{.procs = 2});
  WaitGroup to_thread;
  WaitGroup to_goroutine;
  to_thread.Add(1);
  to_goroutine.Add(1);
  std::thread thread([&] {
    to_thread.Wait();
    to_goroutine.Done();
  });
  runtime.Run([&] {
    Go([&] { to_thread.Done(); });
    to_goroutine.Wait();
  });
  thread.join();
}

TEST(WaitGroupTest, GoCountsHoweverItEnds) {
  struct ThrowsOnCopy {
    ThrowsOnCopy() = default;
    ThrowsOnCopy(const ThrowsOnCopy&) { throw std::runtime_error("copy"); }
    void operator()() const {}
  };
  heddle::Run([] {
    WaitGroup wg;
    wg.Go([] { Goexit(); });
    const ThrowsOnCopy f;
    EXPECT_THROW(wg.Go(f), std::runtime_error);
    wg.Wait();
  });
}

TEST(WaitGroupDeathTest, NegativeCounter) {
  WaitGroup wg;
  wg.Add(1);
  EXPECT_DEATH(wg.Add(-2), "fatal error: sync: negative WaitGroup counter");
}

}  // namespace
}  // namespace heddle
