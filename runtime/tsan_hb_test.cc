// Under ThreadSanitizer: what happens before what, between goroutines, is what
// Go's memory model says. What is ordered is not reported (tests without
// Death); what is not ordered is reported, also if both goroutines run on one
// thread, one after the other. Each of the latter has a twin below that shows
// that with the hooks taken out (HEDDLE_TSAN=runtime) nobody would notice.
//
// Without TSan the first are plain tests, and the others are skipped.

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <mutex>         // NOLINT: std::scoped_lock
#include <shared_mutex>  // NOLINT
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#if HEDDLE_TSAN
#include "heddle/runtime/sanitizer/tsan_fiber.h"
#endif

namespace heddle {
namespace {

// On one thread, in a known order.
constexpr Options kOneP{.procs = 1, .preempt = false};

[[gnu::noinline]] void Touch(int* p) { ++*p; }

// ---- what is ordered ----

TEST(TsanHb, TheGoStatementComesBeforeTheGoroutine) {
  int result = 0;
  heddle::Run(kOneP, [&] {
    int n = 0;
    Touch(&n);
    auto owned = std::make_unique<int>(1);
    WaitGroup wg;
    wg.Go([&n, owned = std::move(owned), &result] {
      Touch(&n);
      Touch(owned.get());
      result = n + *owned;
    });
    wg.Wait();
    Touch(&n);
  });
  EXPECT_EQ(result, 4);
}

TEST(TsanHb, AGoroutinesEndComesBeforeTheEndOfRun) {
  int n = 0;
  heddle::Run([&] {
    for (int i = 0; i < 3; i++) {
      Go([&n, i] {
        if (i == 0) Touch(&n);
      });
    }
  });
  Touch(&n);
  EXPECT_EQ(n, 2);
}

TEST(TsanHb, SoDoesGoexit) {
  int n = 0;
  heddle::Run([&] {
    Go([&] {
      Touch(&n);
      Goexit();
    });
  });
  Touch(&n);
}

TEST(TsanHb, UnlockComesBeforeTheNextLock) {
  int n = 0;
  heddle::Run(Options{.procs = 4}, [&] {
    Mutex mu;
    WaitGroup wg;
    for (int i = 0; i < 8; i++) {
      wg.Go([&] {
        for (int k = 0; k < 200; k++) {
          if (k % 7 != 0) {
            mu.Lock();
          } else {
            while (!mu.TryLock()) Yield();
          }
          Touch(&n);
          // Now and then others have to wait.
          if (k % 10 == 0) Yield();
          mu.Unlock();
        }
      });
    }
    wg.Wait();
    EXPECT_EQ(n, 8 * 200);
  });
}

TEST(TsanHb, DoneComesBeforeTheEndOfWait) {
  heddle::Run(Options{.procs = 4}, [] {
    for (int round = 0; round < 50; round++) {
      int n[4] = {};
      WaitGroup wg;
      for (int& mine : n) wg.Go([&mine] { Touch(&mine); });
      if (round % 2 == 0) Yield();
      wg.Wait();
      for (int& theirs : n) Touch(&theirs);
    }
  });
}

TEST(TsanHb, AWriterComesBeforeReadersAndReadersBeforeAWriter) {
  heddle::Run(Options{.procs = 4}, [] {
    int n = 0;
    RWMutex mu;
    WaitGroup wg;
    for (int i = 0; i < 4; i++) {
      wg.Go([&] {
        for (int k = 0; k < 100; k++) {
          const std::unique_lock writes(mu);
          Touch(&n);
          if (k % 10 == 0) Yield();
        }
      });
      wg.Go([&] {
        for (int k = 0; k < 100; k++) {
          const std::shared_lock reads(mu);
          const int copy = n;
          if (k % 10 == 0) Yield();
          EXPECT_EQ(copy, n);
        }
      });
    }
    wg.Wait();
    EXPECT_EQ(n, 400);
  });
}

TEST(TsanHb, ReleaseComesBeforeTheNextAcquire) {
  heddle::Run(Options{.procs = 4}, [] {
    int n = 0;
    Semaphore one(1);
    WaitGroup wg;
    for (int i = 0; i < 4; i++) {
      wg.Go([&] {
        for (int k = 0; k < 100; k++) {
          if (k % 7 != 0) {
            one.Acquire();
          } else {
            while (!one.TryAcquire()) Yield();
          }
          Touch(&n);
          if (k % 10 == 0) Yield();
          one.Release();
        }
      });
    }
    wg.Wait();
  });
}

TEST(TsanHb, SignalComesBeforeTheEndOfTheWaitThatItEnds) {
  for (bool all : {false, true}) {
    heddle::Run(kOneP, [all] {
      int n = 0;
      Cond cond;
      WaitGroup wg;
      wg.Go([&] {
        struct NoLock {
          void lock() {}
          void unlock() {}
        } none;  // whose order is not the Cond's
        cond.Wait(none);
        Touch(&n);
      });
      for (int i = 0; i < 3; i++) Yield();
      Touch(&n);
      all ? cond.Broadcast() : cond.Signal();
      wg.Wait();
      EXPECT_EQ(n, 2);
    });
  }
}

TEST(TsanHb, DoComesBeforeTheEndOfOthers) {
  heddle::Run(Options{.procs = 4}, [] {
    for (int round = 0; round < 50; round++) {
      int n = 0;
      Once once;
      WaitGroup wg;
      for (int i = 0; i < 4; i++) {
        wg.Go([&] {
          once.Do([&] { Touch(&n); });
          EXPECT_EQ(n, 1);
        });
      }
      wg.Wait();
    }
  });
}

TEST(TsanHb, ASendComesBeforeItsReceive) {
  for (size_t cap : {0, 1, 3}) {
    heddle::Run(Options{.procs = 2}, [cap] {
      Chan<int*> ch(cap);
      WaitGroup wg;
      wg.Go([ch] {
        for (int* p : ch) {
          Touch(p);
          delete p;
        }
      });
      for (int i = 0; i < 200; i++) {
        int* p = new int(i);
        Touch(p);
        if (i % 3 == 0) {
          Select(SendTo(ch, p));
        } else {
          ch.Send(p);
        }
        if (i % 10 == 0) Yield();
      }
      ch.Close();
      wg.Wait();
    });
  }
}

// And the k-th receive before the end of the (k + capacity)-th send.
TEST(TsanHb, ARoomIsMadeBeforeItIsFilled) {
  constexpr size_t kSends = 200;
  for (size_t cap : {0, 1, 3}) {
    heddle::Run(Options{.procs = 2}, [cap] {
      std::vector<int> touched(kSends);
      Chan<size_t> ch(cap);
      WaitGroup wg;
      wg.Go([&touched, ch] {
        for (size_t i = 0; i < kSends; i++) {
          Touch(&touched[i]);
          size_t got = 0;
          if (i % 3 == 0) {
            Select(RecvFrom(ch, &got));
          } else {
            ch.Recv(&got);
          }
          if (i % 10 == 0) Yield();
        }
      });
      for (size_t i = 0; i < kSends; i++) {
        ch.Send(i);
        if (i >= cap) Touch(&touched[i - cap]);
      }
      wg.Wait();
    });
  }
}

TEST(TsanHb, CloseComesBeforeTheReceiveThatSeesIt) {
  for (bool waits : {false, true}) {
    heddle::Run(kOneP, [waits] {
      for (int way = 0; way < 3; way++) {
        int n = 0;
        Chan<int> ch;
        WaitGroup wg;
        const auto receiver = [&n, ch, way] {
          int got = 1;
          if (way == 0) {
            EXPECT_FALSE(ch.Recv(&got));
          } else if (way == 1) {
            EXPECT_EQ(Select(RecvFrom(ch, &got)), 0);
          } else {
            while (!ch.closed()) Yield();
          }
          Touch(&n);
        };
        if (waits) {
          wg.Go(receiver);
          for (int i = 0; i < 3; i++) Yield();
        }
        Touch(&n);
        ch.Close();
        if (!waits) wg.Go([receiver] { receiver(); });
        wg.Wait();
      }
    });
  }
}

// A channel of channels: T's functions call the runtime under the lock.
TEST(TsanHb, HandlesAreMovedThroughChannels) {
  heddle::Run(Options{.procs = 2}, [] {
    Chan<Chan<int>> requests(2);
    WaitGroup wg;
    wg.Go([requests] {
      for (const Chan<int>& reply : requests) reply.Send(7);
    });
    for (int i = 0; i < 100; i++) {
      Chan<int> reply(static_cast<size_t>(i % 2));
      requests.Send(reply);
      EXPECT_EQ(reply.Recv(), 7);
    }
    requests.Close();
    wg.Wait();
  });
}

TEST(TsanHb, WhatIsBeforeAfterFuncIsBeforeItsCall) {
  heddle::Run([] {
    int n = 0;
    WaitGroup wg;
    wg.Add(1);
    Touch(&n);
    const Timer f = AfterFunc(absl::Milliseconds(1), [&] {
      Touch(&n);
      wg.Done();
    });
    wg.Wait();
    Touch(&n);
    EXPECT_EQ(n, 3);
  });
}

TEST(TsanHb, BlockingAndYieldingIsOnesOwnBusiness) {
  heddle::Run([] {
    int n = 0;
    Touch(&n);
    Blocking([&] { Touch(&n); });
    for (int i = 0; i < 100; i++) {
      Yield();
      Touch(&n);
    }
  });
}

// errno and other thread_locals are the thread's: who comes to it next finds
// them free.
thread_local int mine;

TEST(TsanHb, ThreadLocalsOrderTheGoroutinesOfAThread) {
  heddle::Run([] {
    WaitGroup wg;
    for (int i = 0; i < 20; i++) {
      wg.Go([] {
        for (int k = 0; k < 20; k++) {
          Touch(&mine);
          errno = k;
          Yield();
        }
      });
    }
    wg.Wait();
  });
}

// The stacks of dead goroutines are used again: each writes all over its own.
[[gnu::noinline]] void Scribble() {
  volatile char frame[2000];
  for (size_t i = 0; i < sizeof frame; i++) frame[i] = static_cast<char>(i);
}

TEST(TsanHb, AStackForgetsItsFormerGoroutine) {
  heddle::Run([] {
    for (int i = 0; i < 300; i++) {
      // Nothing orders them.
      Go([] { Scribble(); });
      Yield();
    }
  });
}

TEST(TsanHb, AHundredThousandShortGoroutines) {
  std::atomic<int> n{0};
  heddle::Run([&] {
    for (int i = 0; i < 100'000; i++) {
      Go([&] { n.fetch_add(1, std::memory_order_relaxed); });
      if (i % 64 == 0) Yield();
    }
  });
  EXPECT_EQ(n, 100'000);
}

TEST(TsanHb, FiveThousandLiveOnes) {
  constexpr int kLive = sanitizer::kAsan ? 500 : 5'000;
  int n = 0;
  heddle::Run([&] {
    Mutex mu;
    WaitGroup wg;
    mu.Lock();
    for (int i = 0; i < kLive; i++) {
      wg.Go([&] {
        mu.Lock();
        Touch(&n);
        mu.Unlock();
      });
    }
    // All of them have come to the mutex.
    Yield();
    mu.Unlock();
    wg.Wait();
  });
  EXPECT_EQ(n, kLive);
}

// ---- what is not ----

// Two goroutines that touch the same, the second when the first has ended; what
// they do besides is the test's.
template <typename F, typename G>
void OneAfterTheOther(F first, G second) {
  static int shared;
  heddle::Run(kOneP, [&] {
    Go({.name = "first"}, [first] {
      Touch(&shared);
      first();
    });
    Yield();
    Go({.name = "second"}, [second] {
      second();
      Touch(&shared);
    });
    Yield();
  });
  // For EXPECT_EXIT: TSan's own code is 66.
  std::_Exit(0);
}

void Nothing() {}

struct Case {
  const char* name;
  void (*run)();
};

Mutex mutex_a;
Mutex mutex_b;

const Case kRaces[] = {
    {"OneThread", [] { OneAfterTheOther(Nothing, Nothing); }},
    {"Yield", [] { OneAfterTheOther([] { Yield(); }, [] { Yield(); }); }},
    {"OtherMutexes",
     [] {
       OneAfterTheOther(
           [] {
             mutex_a.Lock();
             mutex_a.Unlock();
           },
           [] {
             mutex_b.Lock();
             mutex_b.Unlock();
           });
     }},
    {"TwoDones",
     [] {
       static WaitGroup wg;
       wg.Add(3);
       OneAfterTheOther([] { wg.Done(); }, [] { wg.Done(); });
     }},
    {"TwoGoStatements",
     [] { OneAfterTheOther([] { Go([] {}); }, [] { Go([] {}); }); }},
    {"TwoBlockings",
     [] {
       OneAfterTheOther([] { Blocking(Nothing); }, [] { Blocking(Nothing); });
     }},
    {"TwoReaders",
     [] {
       static RWMutex mu;
       OneAfterTheOther(
           [] {
             mu.RLock();
             mu.RUnlock();
           },
           [] {
             mu.RLock();
             mu.RUnlock();
           });
     }},
    {"TwoAcquires",
     [] {
       static Semaphore two(2);
       OneAfterTheOther([] { two.Acquire(); }, [] { two.Acquire(); });
     }},
    {"TwoReleases",
     [] {
       static Semaphore none(0);
       OneAfterTheOther([] { none.Release(); }, [] { none.Release(); });
     }},
    {"TwoSignals",
     [] {
       static Cond cond;
       OneAfterTheOther([] { cond.Signal(); }, [] { cond.Signal(); });
     }},
    {"TwoSends",
     [] {
       static const Chan<int> ch(2);
       OneAfterTheOther([] { ch.Send(1); }, [] { ch.Send(2); });
     }},
    {"TwoReceives",
     [] {
       static const Chan<int> ch(2);
       ch.Send(1);
       ch.Send(2);
       OneAfterTheOther([] { ch.Recv(); }, [] { ch.Recv(); });
     }},
    {"TwoFailedTries",
     [] {
       static const Chan<int> ch;
       OneAfterTheOther([] { ch.TrySend(1); }, [] { ch.TryRecv(); });
     }},
    {"TwoCopiesOfAChannel",
     [] {
       static const Chan<int> ch;
       OneAfterTheOther([] { const Chan<int> copy = ch; },
                        [] { const Chan<int> copy = ch; });
     }},
    {"TwoSleeps",
     [] {
       OneAfterTheOther([] { Sleep(absl::ZeroDuration()); },
                        [] { Sleep(absl::ZeroDuration()); });
     }},
    {"RelaxedAtomics",
     [] {
       static std::atomic<int> n;
       OneAfterTheOther([] { n.fetch_add(1, std::memory_order_relaxed); },
                        [] { n.fetch_add(1, std::memory_order_relaxed); });
     }},
};

class TsanRaceDeathTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!sanitizer::kTsan) GTEST_SKIP() << "for ThreadSanitizer";
    testing::FLAGS_gtest_death_test_style = "threadsafe";
  }
};

TEST_P(TsanRaceDeathTest, IsReported) {
  EXPECT_EXIT(GetParam().run(), testing::ExitedWithCode(66),
              "data race(.|\n)*'goroutine [0-9]+ (first|second)'"
              "(.|\n)*'goroutine [0-9]+ (first|second)'");
}

TEST_P(TsanRaceDeathTest, WouldNotBeWithoutTheHooks) {
  setenv("HEDDLE_TSAN", "runtime", 1);
  EXPECT_EXIT(GetParam().run(), testing::ExitedWithCode(0), "");
  unsetenv("HEDDLE_TSAN");
}

INSTANTIATE_TEST_SUITE_P(Cases, TsanRaceDeathTest, testing::ValuesIn(kRaces),
                         [](const auto& info) {
                           return std::string(info.param.name);
                         });

#if HEDDLE_TSAN
TEST(TsanLimitDeathTest, NamesTheCauseAndTheCure) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        sanitizer::tsan::SetMaxFibersForTest(20);
        heddle::Run(kOneP, [] {
          WaitGroup wg;
          wg.Add(1);
          for (int i = 0; i < 30; i++) Go([&] { wg.Wait(); });
          for (int i = 0; i < 3; i++) Yield();
        });
      },
      "more than 20 goroutines have begun to run and have not ended, and "
      "ThreadSanitizer has no room for one more. Run fewer of them at a time");
}

// A -> B here, B -> A there.
TEST(TsanLockOrderDeathTest, TwoOrdersAreReported) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(heddle::Run(kOneP,
                           [] {
                             Mutex a;
                             Mutex b;
                             WaitGroup wg;
                             wg.Go([&] {
                               const std::scoped_lock both(a);
                               const std::scoped_lock second(b);
                             });
                             wg.Wait();
                             wg.Go([&] {
                               const std::scoped_lock both(b);
                               const std::scoped_lock second(a);
                             });
                             wg.Wait();
                           }),
               "lock-order-inversion");
}

TEST(TsanLockOrder, AMutexThatIsPassedOnHasNone) {
  heddle::Run(kOneP, [] {
    Mutex a;
    for (int i = 0; i < 100; i++) {
      a.Lock();
      WaitGroup wg;
      wg.Go([&] { a.Unlock(); });
      wg.Wait();
    }
  });
}
#endif

}  // namespace
}  // namespace heddle
