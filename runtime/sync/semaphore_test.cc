// After golang.org/x/sync/semaphore's tests.

#include "heddle/runtime/sync/semaphore.h"

#include <atomic>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

// Until the goroutine that was just started waits, with one P: each 61st turn
// is the global queue's, where a Yield puts its caller.
void LetRun() {
  for (int i = 0; i < 3; i++) Yield();
}

TEST(SemaphoreTest, TryAcquire) {
  Semaphore s(3);
  EXPECT_TRUE(s.TryAcquire(2));
  EXPECT_FALSE(s.TryAcquire(2));
  EXPECT_TRUE(s.TryAcquire(0));
  EXPECT_TRUE(s.try_acquire());
  EXPECT_FALSE(s.TryAcquire());
  s.Release(3);
  EXPECT_FALSE(s.TryAcquire(4));
  s.Release();  // more than at the start is no error
  EXPECT_TRUE(s.TryAcquire(4));
}

TEST(SemaphoreTest, BadNumbers) {
  EXPECT_THROW(Semaphore(-1), std::invalid_argument);
  EXPECT_THROW(Semaphore(Semaphore::kMax + 1), std::invalid_argument);
  Semaphore s(1);
  EXPECT_THROW(s.Acquire(-1), std::invalid_argument);
  EXPECT_THROW(s.TryAcquire(Semaphore::kMax + 1), std::invalid_argument);
  EXPECT_THROW(s.Release(-1), std::invalid_argument);
  EXPECT_TRUE(s.TryAcquire(1)) << "a refused call took or gave some";
}

// The weighted hammer: what is held never exceeds what there is.
void Hammer(Semaphore* s, std::atomic<int64_t>* held, int64_t n, int rounds,
            unsigned seed) {
  std::mt19937 random(seed);
  for (int i = 0; i < rounds; i++) {
    const int64_t mine = random() % (n + 1);
    if (i % 4 == 0) {
      if (!s->TryAcquire(mine)) continue;
    } else {
      s->Acquire(mine);
    }
    EXPECT_LE(held->fetch_add(mine) + mine, n);
    if (random() % 4 == 0) Yield();
    held->fetch_sub(mine);
    s->Release(mine);
  }
}

TEST(SemaphoreTest, NeverMoreThanThereAre) {
  constexpr int64_t kN = 5;
  for (int procs : {1, 2, 4}) {
    Semaphore s(kN);
    std::atomic<int64_t> held{0};
    heddle::Run(Options{.procs = procs}, [&] {
      for (unsigned i = 0; i < 8; i++) {
        Go([&, i] { Hammer(&s, &held, kN, 1000, i); });
      }
    });
    EXPECT_TRUE(s.TryAcquire(kN)) << "some were lost";
    EXPECT_FALSE(s.TryAcquire(1)) << "some were made";
  }
}

TEST(SemaphoreTest, PlainThreadsToo) {
  constexpr int64_t kN = 3;
  Semaphore s(kN);
  std::atomic<int64_t> held{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 2; i++) {
    threads.emplace_back([&, i] { Hammer(&s, &held, kN, 1000, 100 + i); });
  }
  heddle::Run(Options{.procs = 2}, [&] {
    for (unsigned i = 0; i < 4; i++) {
      Go([&, i] { Hammer(&s, &held, kN, 1000, i); });
    }
  });
  for (std::thread& t : threads) t.join();
  EXPECT_TRUE(s.TryAcquire(kN));
}

// What it guards is ordered, for TSan.
TEST(SemaphoreTest, OrdersWhatItGuards) {
  Semaphore s(1);
  int plain = 0;
  heddle::Run(Options{.procs = 2}, [&] {
    for (int i = 0; i < 4; i++) {
      Go([&] {
        for (int n = 0; n < 500; n++) {
          s.acquire();
          plain++;
          s.release();
        }
      });
    }
  });
  EXPECT_EQ(plain, 2000);
}

// One that wants many is not passed by by those that want few.
TEST(SemaphoreTest, FirstComeFirstServed) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    Semaphore s(2);
    std::string order;
    WaitGroup wg;
    const auto start = [&](char name, int64_t n) {
      wg.Go([&, name, n] {
        s.Acquire(n);
        order += name;
        s.Release(n);
      });
      LetRun();
    };
    s.Acquire(1);
    start('a', 2);
    start('b', 1);
    start('c', 1);
    EXPECT_EQ(order, "");
    EXPECT_FALSE(s.TryAcquire(1)) << "past those that wait";
    s.Release(1);
    wg.Wait();
    EXPECT_EQ(order, "abc");
    EXPECT_TRUE(s.TryAcquire(2));
  });
}

// One Release serves as many as it can.
TEST(SemaphoreTest, OneReleaseForMany) {
  heddle::Run(Options{.procs = 2}, [] {
    Semaphore s(0);
    WaitGroup wg;
    for (int i = 0; i < 100; i++) wg.Go([&] { s.Acquire(); });
    s.Release(99);
    s.Release(1);
    wg.Wait();
    EXPECT_FALSE(s.TryAcquire());
  });
}

// Main may end, and the runtime with it, before a thread that has woken it is
// out of there; asan and tsan see it touch what is gone.
TEST(SemaphoreTest, AThreadWakesTheLastGoroutine) {
  constexpr int kRuns = 300;
  Semaphore wanted(0);
  Semaphore given(0);
  std::thread thread([&] {
    for (int i = 0; i < kRuns; i++) {
      wanted.Acquire();
      given.Release();
    }
  });
  for (int i = 0; i < kRuns; i++) {
    heddle::Run(Options{.procs = 2}, [&] {
      wanted.Release();
      given.Acquire();
    });
  }
  thread.join();
}

}  // namespace
}  // namespace heddle
