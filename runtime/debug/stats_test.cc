#include "heddle/runtime/debug/stats.h"

#include <array>
#include <atomic>
#include <numeric>
#include <thread>  // NOLINT

#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle::debug {
namespace {

TEST(StatsTest, OutsideAnyRuntime) {
  const Stats s = ReadStats();
  EXPECT_EQ(s.goroutines, 0);
  EXPECT_EQ(s.gomaxprocs, 0);
  EXPECT_EQ(s.threads, 0);
  EXPECT_TRUE(s.local_queues.empty());
  EXPECT_EQ(s.time_to_run.count(), 0u);
}

TEST(StatsTest, ARuntimeAtRest) {
  const Runtime runtime({.procs = 3});
  const Stats s = runtime.ReadStats();
  EXPECT_GE(s.uptime_ns, 0);
  EXPECT_EQ(s.goroutines, 0);
  EXPECT_EQ(s.goroutines_created, 0u);
  EXPECT_EQ(s.free_goroutines, 0);
  EXPECT_EQ(s.gomaxprocs, 3);
  EXPECT_EQ(s.idle_procs, 3);
  EXPECT_EQ(s.threads, 0);
  EXPECT_EQ(s.local_queues.size(), 3u);
  EXPECT_EQ(s.stacks.taken_stacks, 0u);
  EXPECT_EQ(s.mutex_wait_ns, 0);
}

TEST(StatsTest, Goroutines) {
  Runtime runtime({.procs = 1, .preempt = false});
  runtime.Run([] {
    EXPECT_EQ(ReadStats().goroutines, 1);
    EXPECT_EQ(ReadStats().goroutines_created, 1u);
    // The first goes from runnext to the ring when the next one comes.
    // Callables that do not wait in a G: with a stack each.
    for (int i = 0; i < 10; i++) {
      Go([large = std::array<char, 256>()] { static_cast<void>(large); });
    }
    Go({.system = true}, [] {});
    const Stats s = ReadStats();
    EXPECT_EQ(s.goroutines, 11);
    EXPECT_EQ(s.goroutines_created, 11u);
    EXPECT_EQ(s.system_goroutines, 1);
    EXPECT_EQ(s.free_goroutines, 0);
    EXPECT_EQ(s.gomaxprocs, 1);
    EXPECT_EQ(s.idle_procs, 0);
    EXPECT_GE(s.threads, 1);
    EXPECT_GE(s.stacks.taken_stacks, 11u);
    EXPECT_GT(s.stacks.mapped_bytes, 11 * Options().stack_size);
    // All the runnable ones are queued but for the one in runnext.
    EXPECT_EQ(s.global_queue + std::accumulate(s.local_queues.begin(),
                                               s.local_queues.end(), 0),
              10);
  });
  const Stats s = runtime.ReadStats();
  EXPECT_EQ(s.goroutines, 0);
  EXPECT_EQ(s.goroutines_created, 11u);
  EXPECT_GE(s.free_goroutines, 11);
  EXPECT_EQ(s.idle_procs, 1);
}

// Those that wait for their first turn have none.
TEST(StatsTest, StacksInUseAreThoseOfGoroutinesThatHaveRun) {
  Runtime runtime({.procs = 1, .preempt = false});
  runtime.Run([] {
    const Stats before = ReadStats();
    for (int i = 0; i < 100; i++) Go([] {});
    EXPECT_EQ(ReadStats().goroutines, 101);
    EXPECT_EQ(ReadStats().stacks_in_use, before.stacks_in_use);
    EXPECT_EQ(ReadStats().stacks.mapped_bytes, before.stacks.mapped_bytes);
    Yield();
    EXPECT_EQ(ReadStats().goroutines, 1);
  });
}

TEST(StatsTest, StacksInUseCachedAndReturned) {
  Runtime runtime({.procs = 1, .preempt = false});
  constexpr int kMany = 1000;
  runtime.Run([&] {
    const Stats before = ReadStats();
    EXPECT_GE(before.stacks_in_use, 1);
    WaitGroup gate;
    WaitGroup parked;
    gate.Add(1);
    std::atomic<int> begun{0};
    for (int i = 0; i < kMany; i++) {
      parked.Go([&] {
        begun++;
        gate.Wait();
      });
    }
    while (begun < kMany) Yield();
    EXPECT_EQ(ReadStats().stacks_in_use, before.stacks_in_use + kMany);
    gate.Done();
    parked.Wait();
    EXPECT_EQ(ReadStats().stacks_in_use, before.stacks_in_use);
    EXPECT_GE(ReadStats().stacks_cached, kMany);
    FreeOsMemory();
    // A span's to spare, of 60, may be returned and still be there.
    EXPECT_LT(ReadStats().stacks_cached + ReadStats().stacks_returned, 200);
  });
}

// A P's few stay, those of the pool's last span go: what is returned is there.
TEST(StatsTest, StacksReturned) {
  Runtime runtime({.procs = 1, .preempt = false});
  runtime.Run([] {
    WaitGroup wg;
    for (int i = 0; i < 30; i++) wg.Go([] { Yield(); });
    wg.Wait();
    EXPECT_EQ(ReadStats().stacks_returned, 0);
    FreeOsMemory();
    EXPECT_GE(ReadStats().stacks_returned, 25);
    EXPECT_LE(ReadStats().stacks_cached, 5);
  });
}

TEST(StatsTest, TheGlobalQueue) {
  Runtime runtime({.procs = 1, .preempt = false});
  for (int i = 0; i < 5; i++) runtime.Go([] {});
  EXPECT_EQ(runtime.ReadStats().global_queue, 5);
  EXPECT_EQ(runtime.ReadStats().goroutines_created, 5u);
  runtime.Run([] {});
  EXPECT_EQ(runtime.ReadStats().global_queue, 0);
}

TEST(StatsTest, FewerPs) {
  heddle::Run({.procs = 4}, [] {
    WaitGroup wg;
    for (int i = 0; i < 100; i++) wg.Go([] { Yield(); });
    wg.Wait();
    GoMaxProcs(2);
    const Stats s = ReadStats();
    EXPECT_EQ(s.gomaxprocs, 2);
    EXPECT_EQ(s.local_queues.size(), 2u);
    EXPECT_EQ(s.goroutines_created, 101u);
  });
}

TEST(StatsTest, TimeToRunAndMutexWaits) {
  heddle::Run({.procs = 2}, [] {
    Mutex mu;
    // One in eight waits is seen.
    while (ReadStats().mutex_wait_ns == 0) {
      WaitGroup wg;
      for (int i = 0; i < 4; i++) {
        wg.Go([&mu] {
          mu.Lock();
          Yield();
          mu.Unlock();
        });
      }
      wg.Wait();
    }
    const Stats s = ReadStats();
    EXPECT_GT(s.time_to_run.count(), 0u);
    EXPECT_GT(s.time_to_run.Quantile(1), 0);
    EXPECT_LE(s.time_to_run.Quantile(0.5), s.time_to_run.Quantile(0.99));
  });
}

// For ThreadSanitizer.
TEST(StatsTest, FromAnotherThreadWhileItRuns) {
  Runtime runtime({.procs = 2});
  std::atomic<bool> done{false};
  std::atomic<int> reads{0};
  std::thread reader([&] {
    while (!done.load()) {
      const Stats s = runtime.ReadStats();
      EXPECT_GE(s.goroutines, 0);
      EXPECT_LE(s.idle_procs, s.gomaxprocs);
      EXPECT_LE(s.idle_threads, s.threads);
      reads.fetch_add(1);
    }
  });
  runtime.Run([&] {
    while (reads.load() < 50) {
      WaitGroup wg;
      for (int i = 0; i < 20; i++) wg.Go([] { Yield(); });
      wg.Wait();
    }
  });
  done.store(true);
  reader.join();
}

}  // namespace
}  // namespace heddle::debug
