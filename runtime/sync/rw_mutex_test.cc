// After Go's rwmutex_test.go.

#include "heddle/runtime/sync/rw_mutex.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/membarrier.h"
#include "heddle/runtime/sync/reader_policy.h"
#include "heddle/testing/without_membarrier.h"

namespace heddle {
namespace {

// Until the goroutine that was just started waits, with one P: each 61st turn
// is the global queue's, where a Yield puts its caller.
void LetRun() {
  for (int i = 0; i < 3; i++) Yield();
}

TEST(RWMutexTest, TryLocks) {
  RWMutex mu;
  EXPECT_TRUE(mu.TryLock());
  EXPECT_FALSE(mu.TryLock());
  EXPECT_FALSE(mu.TryRLock());
  mu.Unlock();
  EXPECT_TRUE(mu.TryRLock());
  EXPECT_TRUE(mu.TryRLock());
  EXPECT_FALSE(mu.TryLock());
  mu.RUnlock();
  EXPECT_FALSE(mu.TryLock());
  mu.RUnlock();
  EXPECT_TRUE(mu.TryLock());
  mu.Unlock();
}

TEST(RWMutexTest, WorksWithTheStandardsGuards) {
  RWMutex mu;
  { const std::lock_guard<RWMutex> guard(mu); }
  {
    const std::shared_lock<RWMutex> a(mu);
    const std::shared_lock<RWMutex> b(mu, std::try_to_lock);
    EXPECT_TRUE(b.owns_lock());
    const std::unique_lock<RWMutex> c(mu, std::try_to_lock);
    EXPECT_FALSE(c.owns_lock());
  }
}

// Go's TestParallelReaders: all hold it at the same time.
TEST(RWMutexTest, ReadersShare) {
  for (int procs : {1, 2, 4}) {
    heddle::Run(Options{.procs = procs}, [] {
      constexpr int kReaders = 10;
      RWMutex mu;
      WaitGroup all_in;
      WaitGroup done;
      all_in.Add(kReaders);
      for (int i = 0; i < kReaders; i++) {
        done.Go([&] {
          mu.RLock();
          all_in.Done();
          all_in.Wait();
          mu.RUnlock();
        });
      }
      done.Wait();
    });
  }
}

// Go's HammerRWMutex. activity: 1 for each reader, 10,000 for the writer.
void Read(RWMutex* mu, std::atomic<int>* activity, int rounds) {
  for (int i = 0; i < rounds; i++) {
    if (i % 5 == 0 && mu->TryRLock()) {
      EXPECT_LT(activity->fetch_add(1), 10'000);
      activity->fetch_sub(1);
      mu->RUnlock();
    }
    mu->RLock();
    EXPECT_LT(activity->fetch_add(1), 10'000);
    if (i % 16 == 0) Yield();
    activity->fetch_sub(1);
    mu->RUnlock();
  }
}

void Write(RWMutex* mu, std::atomic<int>* activity, int64_t* plain,
           int rounds) {
  for (int i = 0; i < rounds; i++) {
    if (i % 5 == 0 && mu->TryLock()) {
      EXPECT_EQ(activity->fetch_add(10'000), 0);
      activity->fetch_sub(10'000);
      mu->Unlock();
    }
    mu->Lock();
    EXPECT_EQ(activity->fetch_add(10'000), 0);
    ++*plain;
    if (i % 16 == 0) Yield();
    activity->fetch_sub(10'000);
    mu->Unlock();
  }
}

void Hammer(const Options& options, int readers, int rounds) {
  RWMutex mu;
  std::atomic<int> activity{0};
  int64_t plain = 0;
  heddle::Run(options, [&] {
    Go([&] { Write(&mu, &activity, &plain, rounds); });
    for (int i = 0; i < readers / 2; i++) {
      Go([&] { Read(&mu, &activity, rounds); });
    }
    Go([&] { Write(&mu, &activity, &plain, rounds); });
    for (int i = readers / 2; i < readers; i++) {
      Go([&] { Read(&mu, &activity, rounds); });
    }
  });
  EXPECT_EQ(plain, 2 * rounds);
}

TEST(RWMutexTest, Excludes) {
  for (int readers : {1, 3, 10}) {
    for (int procs : {1, 2, 4}) Hammer({.procs = procs}, readers, 300);
  }
}

TEST(RWMutexTest, ExcludesUnderRandomScheduling) {
  for (uint64_t seed = 1; seed <= 10; seed++) {
    Hammer({.procs = 1, .randomize = true, .seed = seed}, 5, 200);
  }
  Hammer({.procs = 2, .migrate_always = true}, 3, 50);
}

TEST(RWMutexTest, ExcludesPlainThreadsToo) {
  RWMutex mu;
  std::atomic<int> activity{0};
  int64_t plain = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; i++) {
    threads.emplace_back([&] { Read(&mu, &activity, 500); });
    threads.emplace_back([&] { Write(&mu, &activity, &plain, 500); });
  }
  heddle::Run(Options{.procs = 2}, [&] {
    for (int i = 0; i < 3; i++) {
      Go([&] { Read(&mu, &activity, 500); });
      Go([&] { Write(&mu, &activity, &plain, 500); });
    }
  });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(plain, 5 * 500);
}

// A writer that waits keeps new readers out; those that come meanwhile go
// before the next writer.
TEST(RWMutexTest, NeitherSideStarvesTheOther) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    RWMutex mu;
    std::string order;
    Mutex order_mu;  // between readers
    WaitGroup wg;
    const auto write = [&] {
      mu.Lock();
      order += 'W';
      mu.Unlock();
    };
    const auto read = [&] {
      mu.RLock();
      order_mu.Lock();
      order += 'r';
      order_mu.Unlock();
      mu.RUnlock();
    };
    const auto start = [&](auto f) {
      wg.Go(f);
      LetRun();
    };
    mu.RLock();
    start(write);
    EXPECT_FALSE(mu.TryRLock()) << "a writer waits";
    start(read);
    start(write);
    start(read);
    EXPECT_EQ(order, "");
    mu.RUnlock();
    wg.Wait();
    EXPECT_EQ(order, "WrrW");
  });
}

TEST(RWMutexTest, ShowsWhatItWaitsFor) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    RWMutex mu;
    WaitGroup wg;
    mu.RLock();
    wg.Go([&] {
      mu.Lock();
      mu.Unlock();
    });
    LetRun();
    wg.Go([&] {
      mu.RLock();
      mu.RUnlock();
    });
    LetRun();
    const std::string stacks = debug::AllStacks();
    EXPECT_NE(stacks.find(" [sync.RWMutex.Lock]:\n"), std::string::npos)
        << stacks;
    EXPECT_NE(stacks.find(" [sync.RWMutex.RLock]:\n"), std::string::npos)
        << stacks;
    mu.RUnlock();
    wg.Wait();
  });
}

// ---- Readers that have spread out (reader_count.h) ----

// So often with no writer in between that they do.
void ReadOften(RWMutex* mu) {
  for (uint64_t i = 0; i <= sync::ReaderPolicy::kSpreadAfter; i++) {
    mu->RLock();
    mu->RUnlock();
  }
}

TEST(SpreadRWMutexTest, TryLocks) {
  heddle::Run(Options{.procs = 2}, [] {
    RWMutex mu;
    ReadOften(&mu);
    EXPECT_TRUE(mu.TryLock());
    EXPECT_FALSE(mu.TryRLock());
    mu.Unlock();
    ReadOften(&mu);
    EXPECT_TRUE(mu.TryRLock());
    mu.RLock();
    EXPECT_FALSE(mu.TryLock());
    mu.RUnlock();
    EXPECT_FALSE(mu.TryLock());
    mu.RUnlock();
    EXPECT_TRUE(mu.TryLock());
    mu.Unlock();
  });
}

TEST(SpreadRWMutexTest, AWriterWaitsForReadersAndKeepsOthersOut) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    RWMutex mu;
    ReadOften(&mu);
    mu.RLock();
    mu.RLock();
    std::string order;
    WaitGroup wg;
    wg.Go([&] {
      mu.Lock();
      order += 'W';
      mu.Unlock();
    });
    LetRun();
    EXPECT_FALSE(mu.TryRLock()) << "a writer waits";
    wg.Go([&] {
      mu.RLock();
      order += 'r';
      mu.RUnlock();
    });
    LetRun();
    mu.RUnlock();
    LetRun();
    EXPECT_EQ(order, "");
    mu.RUnlock();
    wg.Wait();
    EXPECT_EQ(order, "Wr");
  });
}

// In on one thread, out on another; on one that has a place, and on a plain
// thread, which has none.
TEST(SpreadRWMutexTest, MayBeUnlockedByAnother) {
  heddle::Run(Options{.procs = 2, .migrate_always = true}, [] {
    RWMutex mu;
    ReadOften(&mu);
    for (int i = 0; i < 100; i++) {
      mu.RLock();
      Yield();
      mu.RUnlock();
    }
    mu.RLock();
    EXPECT_FALSE(mu.TryLock());
    std::thread([&] { mu.RUnlock(); }).join();
    EXPECT_TRUE(mu.TryLock());
    mu.Unlock();
    ReadOften(&mu);
    std::thread([&] { mu.RLock(); }).join();
    EXPECT_FALSE(mu.TryLock());
    mu.RUnlock();
    mu.Lock();
    mu.Unlock();
  });
}

// Readers that spread out between any two writers.
void HammerSpread(const Options& options, int readers, int rounds) {
  RWMutex mu;
  std::atomic<int> activity{0};
  int64_t plain = 0;
  heddle::Run(options, [&] {
    for (int round = 0; round < rounds; round++) {
      ReadOften(&mu);
      WaitGroup wg;
      for (int i = 0; i < readers; i++) {
        wg.Go([&] { Read(&mu, &activity, 50); });
      }
      for (int i = 0; i < 2; i++) {
        wg.Go([&] { Write(&mu, &activity, &plain, 1); });
      }
      wg.Wait();
    }
  });
  EXPECT_EQ(plain, 2 * rounds);
}

TEST(SpreadRWMutexTest, Excludes) {
  for (int readers : {1, 3, 10}) {
    for (int procs : {1, 2, 4}) HammerSpread({.procs = procs}, readers, 10);
  }
}

TEST(SpreadRWMutexTest, ExcludesUnderRandomScheduling) {
  for (uint64_t seed = 1; seed <= 5; seed++) {
    HammerSpread({.procs = 1, .randomize = true, .seed = seed}, 5, 5);
  }
  HammerSpread({.procs = 2, .migrate_always = true}, 3, 3);
}

// Who leaves by a plain store looks at the table, and at nothing of the mutex:
// a writer may have destroyed it.
TEST(SpreadRWMutexTest, MayBeDestroyedByItsLastWriter) {
  heddle::Run(Options{.procs = 3}, [] {
    for (int round = 0; round < 50; round++) {
      auto* mu = new RWMutex;
      ReadOften(mu);
      std::atomic<int> in{0};
      WaitGroup wg;
      for (int i = 0; i < 3; i++) {
        wg.Go([mu, &in] {
          mu->RLock();
          in++;
          while (in < 3) Yield();
          mu->RUnlock();
        });
      }
      while (in < 3) Yield();
      mu->Lock();
      mu->Unlock();
      delete mu;
      wg.Wait();
    }
  });
}

// A static one may be used yet by a thread of the runtime's while the process
// ends, after its destructor.
// (A compiler may think otherwise, if it sees both.)
[[gnu::noinline]] RWMutex* Destroyed(RWMutex* mu) {
  mu->~RWMutex();
  asm volatile("" : "+r"(mu) : : "memory");
  return mu;
}

TEST(SpreadRWMutexTest, WorksByTheWordAfterItsDestructor) {
  heddle::Run(Options{.procs = 1}, [] {
    alignas(RWMutex) std::byte place[sizeof(RWMutex)];
    auto* mu = new (place) RWMutex;
    ReadOften(mu);
    mu->RLock();
    mu = Destroyed(mu);
    mu->RLock();
    mu->RUnlock();
    mu->RUnlock();
  });
}

TEST(SpreadRWMutexDeathTest, MisuseIsFoundByTheNextWriter) {
  EXPECT_DEATH(heddle::Run(Options{.procs = 1},
                           [] {
                             RWMutex mu;
                             ReadOften(&mu);
                             mu.RUnlock();
                             mu.Lock();
                           }),
               "fatal error: sync: RUnlock of unlocked RWMutex");
}

// In a process where there is no membarrier(2): the rest of this file's tests.
TEST(RWMutexDeathTest, WorksWithoutMembarrier) {
  if (!os::HaveAsymmetricFences()) {
    GTEST_SKIP() << "there is none here: all tests are this one";
  }
  EXPECT_EXIT(
      heddle::testing::ExecWithoutMembarrier({"--gtest_filter=*RWMutexTest.*"}),
      ::testing::ExitedWithCode(0), "");
}

TEST(RWMutexDeathTest, Misuse) {
  RWMutex mu;
  EXPECT_DEATH(mu.Unlock(), "fatal error: sync: Unlock of unlocked RWMutex");
  EXPECT_DEATH(mu.RUnlock(), "fatal error: sync: RUnlock of unlocked RWMutex");
  mu.Lock();
  EXPECT_DEATH(mu.RUnlock(), "fatal error: sync: RUnlock of unlocked RWMutex");
  mu.Unlock();
}

}  // namespace
}  // namespace heddle
