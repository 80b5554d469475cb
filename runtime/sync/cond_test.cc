// After Go's cond_test.go.

#include "heddle/runtime/sync/cond.h"

#include <atomic>
#include <mutex>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

// Goroutines that wait: how many are in Wait is `waiting` under the mutex.
struct Waiters {
  Mutex mu;
  Cond cond{&mu};
  int waiting = 0;
  int awake = 0;

  void Wait() {
    const std::lock_guard<Mutex> lock(mu);
    waiting++;
    cond.Wait();
    awake++;
  }
  void UntilWaiting(int n) {
    for (;; Yield()) {
      const std::lock_guard<Mutex> lock(mu);
      if (waiting == n) return;
    }
  }
  void UntilAwake(int n) {
    for (;; Yield()) {
      const std::lock_guard<Mutex> lock(mu);
      EXPECT_LE(awake, n) << "one too many";
      if (awake == n) return;
    }
  }
};

class CondTest : public testing::TestWithParam<int> {
 protected:
  void Run(absl::AnyInvocable<void()> f) {
    heddle::Run(Options{.procs = GetParam()}, std::move(f));
  }
};

INSTANTIATE_TEST_SUITE_P(Procs, CondTest, testing::Values(1, 2, 4));

TEST_P(CondTest, SignalWakesOne) {
  Run([] {
    constexpr int kMany = 10;
    Waiters w;
    WaitGroup wg;
    for (int i = 0; i < kMany; i++) wg.Go([&] { w.Wait(); });
    w.UntilWaiting(kMany);
    for (int i = 1; i <= kMany; i++) {
      for (int j = 0; j < 10; j++) Yield();
      w.UntilAwake(i - 1);
      w.cond.Signal();
      w.UntilAwake(i);
    }
    w.cond.Signal();  // nobody
    wg.Wait();
  });
}

TEST_P(CondTest, BroadcastWakesAll) {
  Run([] {
    constexpr int kMany = 50;
    Waiters w;
    for (int round = 1; round <= 5; round++) {
      WaitGroup wg;
      for (int i = 0; i < kMany; i++) wg.Go([&] { w.Wait(); });
      w.UntilWaiting(round * kMany);
      {
        const std::lock_guard<Mutex> lock(w.mu);
        w.cond.Broadcast();
      }
      wg.Wait();
      EXPECT_EQ(w.awake, round * kMany);
    }
    w.cond.Broadcast();  // nobody
  });
}

// Go's TestCondSignalGenerations: in the order in which they came to wait.
TEST_P(CondTest, FirstComeFirstServed) {
  Run([] {
    constexpr int kMany = 50;
    Mutex mu;
    Cond cond(&mu);
    int waiting = 0;
    std::vector<int> awake;
    WaitGroup wg;
    for (int i = 0; i < kMany; i++) {
      wg.Go([&, i] {
        const std::lock_guard<Mutex> lock(mu);
        waiting++;
        cond.Wait();
        awake.push_back(i);
      });
      for (;; Yield()) {
        const std::lock_guard<Mutex> lock(mu);
        if (waiting == i + 1) break;
      }
    }
    for (int i = 0; i < kMany; i++) {
      cond.Signal();
      for (;; Yield()) {
        const std::lock_guard<Mutex> lock(mu);
        if (awake.size() == static_cast<size_t>(i) + 1) break;
      }
      EXPECT_EQ(awake.back(), i);
    }
    wg.Wait();
  });
}

// Go's TestCondSignalStealing: a Signal is for one that waits already, and no
// later one takes it. Hangs otherwise.
TEST_P(CondTest, ALaterWaiterStealsNoSignal) {
  Run([] {
    for (int round = 0; round < 300; round++) {
      Mutex mu;
      Cond cond(&mu);
      bool first_waits = false;
      bool done = false;
      WaitGroup first;
      WaitGroup second;
      first.Go([&] {
        const std::lock_guard<Mutex> lock(mu);
        first_waits = true;
        cond.Wait();
      });
      for (;; Yield()) {
        const std::lock_guard<Mutex> lock(mu);
        if (first_waits) break;
      }
      second.Go([&] {
        const std::lock_guard<Mutex> lock(mu);
        while (!done) cond.Wait();
      });
      cond.Signal();
      first.Wait();
      {
        const std::lock_guard<Mutex> lock(mu);
        done = true;
      }
      cond.Broadcast();
      second.Wait();
    }
  });
}

// A queue of bounded size, by two conditions: nothing is lost.
TEST_P(CondTest, ABoundedQueue) {
  Run([] {
    constexpr int kItems = 2000;
    constexpr int kSides = 3;
    Mutex mu;
    Cond not_empty;
    Cond not_full;
    int queued = 0;
    int64_t taken = 0;
    WaitGroup wg;
    for (int i = 0; i < kSides; i++) {
      wg.Go([&] {
        for (int n = 0; n < kItems; n++) {
          std::unique_lock<Mutex> lock(mu);
          not_full.Wait(lock, [&] { return queued < 4; });
          queued++;
          not_empty.Signal();
        }
      });
      wg.Go([&] {
        for (int n = 0; n < kItems; n++) {
          std::unique_lock<Mutex> lock(mu);
          not_empty.Wait(lock, [&] { return queued > 0; });
          queued--;
          taken++;
          not_full.Signal();
        }
      });
    }
    wg.Wait();
    EXPECT_EQ(taken, kSides * kItems);
    EXPECT_EQ(queued, 0);
  });
}

TEST(CondTest, PlainThreadsAndOtherLocks) {
  std::mutex mu;
  Cond cond(&mu);
  int turn = 0;
  const auto take_turns = [&](int mine) {
    for (int i = 0; i < 300; i++) {
      std::unique_lock<std::mutex> lock(mu);
      while (turn % 3 != mine) cond.Wait(lock);
      turn++;
      cond.Broadcast();
    }
  };
  std::thread thread([&] { take_turns(0); });
  heddle::Run(Options{.procs = 2}, [&] {
    Go([&] { take_turns(1); });
    Go([&] { take_turns(2); });
  });
  thread.join();
  EXPECT_EQ(turn, 900);
}

TEST(CondTest, ShowsWhatItWaitsFor) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    Waiters w;
    WaitGroup wg;
    wg.Go([&] { w.Wait(); });
    w.UntilWaiting(1);
    const std::string stacks = debug::AllStacks();
    EXPECT_NE(stacks.find(" [sync.Cond.Wait]:\n"), std::string::npos) << stacks;
    w.cond.Signal();
    wg.Wait();
  });
}

TEST(CondDeathTest, WithoutALock) {
  Cond cond;
  EXPECT_DEATH(cond.Wait(),
               "fatal error: sync: Cond::Wait\\(\\) without a lock");
}

}  // namespace
}  // namespace heddle
