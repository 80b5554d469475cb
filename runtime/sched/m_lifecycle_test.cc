// Waking and making Ms.

#include "heddle/runtime/sched/m_lifecycle.h"

#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <thread>  // NOLINT

#include "gtest/gtest.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/retire.h"
#include "heddle/runtime/sched/sched_for_test.h"
#include "heddle/runtime/sched/syscall.h"
#include "heddle/runtime/sched/timers.h"

// Thread creation that fails, on request (linkopts --wrap).
namespace {
std::atomic<int> creations_that_fail{0};
std::atomic<int> creations{0};
}  // namespace
extern "C" {
int __real_pthread_create(pthread_t*, const pthread_attr_t*, void* (*)(void*),
                          void*);
int __wrap_pthread_create(pthread_t* thread, const pthread_attr_t* attr,
                          void* (*fn)(void*), void* arg) {
  creations++;
  if (creations_that_fail > 0) {
    creations_that_fail--;
    return EAGAIN;
  }
  return __real_pthread_create(thread, attr, fn, arg);
}
}

namespace heddle::sched {
namespace {

void SpinUntil(const std::atomic<bool>& flag) {
  while (!flag) os::OsYield();
}

// Waits until `n` Ms sleep.
void WaitForIdleMs(Sched* sched, int n) {
  for (;;) {
    {
      os::LockGuard guard(sched->lock);
      if (sched->nmidle == n) return;
    }
    os::OsYield();
  }
}

// Ms made, sysmon not counted.
int64_t NumM(Sched* sched) {
  os::LockGuard guard(sched->lock);
  return sched->mnext - sched->nmsys;
}

TEST(WakePTest, NoIdleP) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    s->needspinning = 0;
    bool ran = false;
    GoOn([&] { ran = true; });
    EXPECT_EQ(NumM(s.get()), 1);
    EXPECT_EQ(s->nmspinning, 0);
    // It is this one P's own, and there is no other.
    EXPECT_EQ(s->needspinning, 0);
    // Of what is not, whoever gives a P up will look again.
    WakeP(s.get());
    EXPECT_EQ(s->nmspinning, 0);
    EXPECT_EQ(s->needspinning, 1);
    GoschedUntil([&] { return ran; });
    EXPECT_EQ(NumM(s.get()), 1);
  });
}

TEST(WakePTest, ANewMIsMade) {
  // Main spins, and has to keep its P.
  SchedForTest s({.procs = 2, .preempt = false});
  s.Run([&] {
    EXPECT_EQ(NumM(s.get()), 1);
    std::atomic<bool> ran{false};
    const M* main_m = Getm();
    const M* other_m = nullptr;
    GoOn([&] {
      other_m = Getm();
      ran = true;
    });
    SpinUntil(ran);  // main keeps its thread: another one has to run it
    EXPECT_NE(other_m, main_m);
    EXPECT_EQ(NumM(s.get()), 2);
  });
}

TEST(WakePTest, AnIdleMIsReused) {
  // Main spins, and has to keep its P.
  SchedForTest s({.procs = 2, .preempt = false});
  s.Run([&] {
    for (int i = 0; i < 20; i++) {
      std::atomic<bool> ran{false};
      GoOn([&] { ran = true; });
      SpinUntil(ran);
      WaitForIdleMs(s.get(), 1);
      EXPECT_EQ(NumM(s.get()), 2);
    }
  });
}

TEST(WakePTest, BeforeRunNothingIsWoken) {
  SchedForTest s({.procs = 2});
  bool ran = false;
  NewProc(s.get(), MakeFuncVal([&] { ran = true; }), {}, 0);
  EXPECT_EQ(NumM(s.get()), 1);
  EXPECT_EQ(s->runqsize, 1);
  EXPECT_FALSE(ran);
  s.Run([] {});
  EXPECT_TRUE(ran);
}

// FinishRun found m0 neither asleep nor waiting: it must not sleep afterwards.
TEST(StopMTest, M0DoesNotSleepOnceTheRunIsDone) {
  SchedForTest s({.procs = 1, .preempt = false});
  s->run_done = true;
  Setg(&s->m0->g0);
  Setm(s->m0);
  EXPECT_FALSE(StopM());
  Setg(nullptr);
  Setm(nullptr);
}

TEST(StartMTest, ThreadExhaustion) {
  EXPECT_DEATH(
      {
        SchedForTest s({.procs = 2, .max_threads = 1});
        s.Run([] { GoOn([] {}); });
      },
      "runtime: program exceeds 1-thread limit\n"
      "fatal error: thread exhaustion");
}

class NewOsProcTest : public testing::Test {
 protected:
  void SetUp() override {
    if (os::ThreadBackend() != std::string("pthread")) {
      GTEST_SKIP() << "injects failures into pthread_create";
    }
  }
};

TEST_F(NewOsProcTest, EagainFromThreadCreationIsTriedAgain) {
  creations = 0;
  creations_that_fail = 3;
  SchedForTest s({.procs = 2, .preempt = false});
  s.Run([&] {
    std::atomic<bool> ran{false};
    GoOn([&] { ran = true; });
    SpinUntil(ran);
  });
  EXPECT_EQ(creations_that_fail, 0);
  EXPECT_EQ(creations, 5);  // sysmon's and one M's, and three that failed
}

using NewOsProcDeathTest = NewOsProcTest;

TEST_F(NewOsProcDeathTest, EagainForEverIsFatal) {
  EXPECT_DEATH(
      {
        creations_that_fail = 1'000'000;
        SchedForTest s({.procs = 2});
        s.Run([] { GoOn([] {}); });
      },
      "runtime: failed to create new OS thread \\(have 1 already; errno=11\\)\n"
      "runtime: may need to increase max user processes \\(ulimit -u\\)\n"
      "fatal error: newosproc");
}

// Go's TestGoroutineParallelism: with P Ps, P goroutines that only spin run all
// at once. A lost wake-up hangs it.
TEST(ParallelismTest, AllPsRunAtOnce) {
  for (int procs : {2, 3, 4}) {
    SchedForTest s({.procs = procs});
    s.Run([&] {
      for (int round = 0; round < 30; round++) {
        std::atomic<int> turn{0};
        LatchForTest all(procs);
        for (int p = 0; p < procs; p++) {
          GoOn([&, p] {
            for (int i = 0; i < 3; i++) {
              while (turn % procs != p) os::OsYield();
              turn++;
            }
            all.Arrive();
          });
        }
        all.Wait();  // parked: each P is needed
        EXPECT_EQ(turn, 3 * procs);
      }
    });
  }
}

// A goroutine in a blocking call keeps its thread; the P goes on elsewhere.
TEST(HandoffPTest, AnIdlePGoesToTheIdleList) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    EXPECT_EQ(s->npidle, 0);
    P* pp = Getm()->p;
    EXPECT_EQ(pp->status, PStatus::kRunning);
    EXPECT_EQ(pp->m.load(), Getm());
  });
  EXPECT_EQ(s->npidle, 1);
}

// Blocks so many threads at once, each in a system call; returns how many there
// were then.
int32_t BlockThreads(SchedForTest* s, int n) {
  std::atomic<int32_t> threads{0};
  std::atomic<int> inside{0};
  std::atomic<int> left{n};
  for (int i = 0; i < n; i++) {
    GoOn([&] {
      EnterSyscall();
      if (++inside == n) threads = s->Threads();
      while (inside < n) os::Usleep(100);
      ExitSyscall();
      left--;
    });
  }
  GoschedUntil([&] { return left == 0; });
  return threads;
}

TEST(RetireTest, IdleThreadsEnd) {
  SchedForTest s({.procs = 2, .thread_idle_ms = 5});
  s.Run([&] {
    for (int round = 0; round < 3; round++) {
      EXPECT_GE(BlockThreads(&s, 20), 20);
      // Sysmon looks for as long as there are too many, though all is idle.
      while (s.Threads() > 3) SleepUntil(os::Nanotime() + 1'000'000);
      for (int i = 0; i < 20; i++) SleepUntil(os::Nanotime() + 1'000'000);
      // One more than there are Ps stays.
      EXPECT_EQ(s.Threads(), 3);
    }
  });
}

TEST(RetireTest, NotIfTheyAreToStay) {
  SchedForTest s({.procs = 1, .thread_idle_ms = 0});
  s.Run([&] {
    BlockThreads(&s, 5);
    const int32_t before = s.Threads();
    EXPECT_FALSE(RetireIdleM(s.get(), os::Nanotime() + 3600'000'000'000));
    EXPECT_EQ(s.Threads(), before);
  });
}

// Work comes while threads end.
TEST(RetireTest, WorkIsNotLost) {
  SchedForTest s({.procs = 4, .thread_idle_ms = 1});
  s.Run([&] {
    for (int round = 0; round < 100; round++) {
      BlockThreads(&s, 8);
      SleepUntil(os::Nanotime() + round % 10 * 200'000);
    }
  });
}

}  // namespace
}  // namespace heddle::sched
