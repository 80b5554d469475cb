#include "heddle/runtime/sync/mutex.h"

#include <atomic>
#include <mutex>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/membarrier.h"
#include "heddle/testing/without_membarrier.h"

namespace heddle {
namespace {

TEST(MutexTest, TryLock) {
  Mutex mu;
  EXPECT_TRUE(mu.TryLock());
  EXPECT_FALSE(mu.TryLock());
  mu.Unlock();
  EXPECT_TRUE(mu.TryLock());
  mu.Unlock();
}

TEST(MutexTest, WorksWithTheStandardsGuards) {
  Mutex a;
  Mutex b;
  { const std::lock_guard<Mutex> guard(a); }
  { const std::scoped_lock guard(a, b); }
  std::unique_lock<Mutex> lock(a, std::try_to_lock);
  EXPECT_TRUE(lock.owns_lock());
}

// Go's HammerMutex.
void Hammer(Mutex* mu, int64_t* n, int rounds) {
  for (int i = 0; i < rounds; i++) {
    if (i % 3 == 0 && mu->TryLock()) {
      mu->Unlock();
    }
    mu->Lock();
    ++*n;
    if (i % 16 == 0) Yield();
    mu->Unlock();
  }
}

TEST(MutexTest, Excludes) {
  for (int procs : {1, 2, 4}) {
    Mutex mu;
    int64_t n = 0;
    heddle::Run(Options{.procs = procs}, [&] {
      for (int i = 0; i < 10; i++) Go([&] { Hammer(&mu, &n, 1000); });
    });
    EXPECT_EQ(n, 10'000);
  }
}

TEST(MutexTest, ExcludesPlainThreadsToo) {
  Mutex mu;
  int64_t n = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([&] { Hammer(&mu, &n, 1000); });
  }
  heddle::Run(Options{.procs = 2}, [&] {
    for (int i = 0; i < 5; i++) Go([&] { Hammer(&mu, &n, 1000); });
  });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(n, 8000);
}

TEST(MutexTest, MovesToOtherThreadsWithItsHolder) {
  Mutex mu;
  int64_t n = 0;
  heddle::Run(Options{.procs = 2, .migrate_always = true}, [&] {
    for (int i = 0; i < 4; i++) Go([&] { Hammer(&mu, &n, 100); });
  });
  EXPECT_EQ(n, 400);
}

TEST(MutexTest, MayBeUnlockedByAnother) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    Mutex mu;
    mu.Lock();
    Go([&] { mu.Unlock(); });
    mu.Lock();
    mu.Unlock();
  });
}

// Go's TestMutexFairness: who keeps the mutex nearly always does not keep
// others from it for ever. Hangs if the hand-over of starvation mode is lost.
TEST(MutexTest, AGreedyHolderDoesNotStarveOthers) {
  heddle::Run(Options{.procs = 2}, [] {
    Mutex mu;
    std::atomic<bool> stop{false};
    WaitGroup wg;
    wg.Go([&] {
      while (!stop) {
        mu.Lock();
        os::Usleep(100);
        mu.Unlock();
      }
    });
    wg.Go([&] {
      for (int i = 0; i < 10; i++) {
        mu.Lock();
        mu.Unlock();
      }
      stop = true;
    });
    wg.Wait();
  });
}

// A waiter that was overtaken for more than a millisecond gets the mutex handed
// over: the greedy one, which unlocks and locks again at once, has to queue up.
TEST(MutexTest, StarvationHandsOver) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    Mutex mu;
    bool got = false;
    mu.Lock();
    WaitGroup wg;
    wg.Go([&] {
      mu.Lock();
      got = true;
      mu.Unlock();
    });
    while (!got) {
      // The waiter has queued itself after the first of these. It wakes, finds
      // the mutex taken again, and has then waited for too long.
      Yield();
      os::Usleep(1500);
      mu.Unlock();
      mu.Lock();
    }
    mu.Unlock();
    wg.Wait();
  });
}

// Whoever has the mutex last may destroy it: who gave it back by a plain store
// looks at the table, and at nothing of the mutex.
TEST(MutexTest, MayBeDestroyedByItsLastHolder) {
  struct Shared {
    Mutex mu;
    int users = 3;
  };
  heddle::Run(Options{.procs = 3}, [] {
    for (int round = 0; round < 2000; round++) {
      auto* shared = new Shared;
      WaitGroup wg;
      for (int i = 0; i < 3; i++) {
        wg.Go([shared, round] {
          shared->mu.Lock();
          // Now and then long enough for the others to wait.
          if (round % 4 == 0) os::ProcYield(1000);
          const bool last = --shared->users == 0;
          shared->mu.Unlock();
          if (last) delete shared;
        });
      }
      wg.Wait();
    }
  });
}

// As wanted as can be at first, then by one alone for so long that it is given
// back by plain stores again, and so on.
TEST(MutexTest, IsSharedAndAloneByTurns) {
  Mutex mu;
  int64_t n = 0;
  heddle::Run(Options{.procs = 2}, [&] {
    for (int round = 0; round < 3; round++) {
      WaitGroup wg;
      for (int i = 0; i < 4; i++) wg.Go([&] { Hammer(&mu, &n, 500); });
      wg.Wait();
      Hammer(&mu, &n, 20'000);
    }
  });
  EXPECT_EQ(n, 3 * (4 * 500 + 20'000));
}

// In a process where there is no membarrier(2): the rest of this file's tests.
TEST(MutexDeathTest, WorksWithoutMembarrier) {
  if (!os::HaveAsymmetricFences()) {
    GTEST_SKIP() << "there is none here: all tests are this one";
  }
  EXPECT_EXIT(
      heddle::testing::ExecWithoutMembarrier({"--gtest_filter=MutexTest.*"}),
      ::testing::ExitedWithCode(0), "");
}

TEST(MutexDeathTest, UnlockOfUnlocked) {
  Mutex mu;
  EXPECT_DEATH(mu.Unlock(), "fatal error: sync: unlock of unlocked mutex");
}

}  // namespace
}  // namespace heddle
