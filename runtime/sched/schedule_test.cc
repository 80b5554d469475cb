// The loop, parking, and what follows a goroutine from thread to thread.

#include "heddle/runtime/sched/schedule.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cfenv>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/newosproc.h"
#include "heddle/runtime/sched/find_runnable.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/sched_for_test.h"
#include "heddle/runtime/sched/switch.h"

namespace heddle::sched {
namespace {

using ::testing::ElementsAre;

// Makes a goroutine that is runnable and on no list.
template <typename F>
G* NewG(Sched* sched, F&& f) {
  return NewProc1(sched, MakeFuncVal(std::forward<F>(f)), {}, Getg(), 0);
}

void PutGlobal(Sched* sched, G* gp) {
  os::LockGuard guard(sched->lock);
  GlobRunqPut(sched, gp);
}

TEST(ScheduleTest, Each61stTickLooksAtTheGlobalQueueFirst) {
  SchedForTest s({.procs = 1, .preempt = false});
  std::vector<int> order;
  s.Run([&] {
    P* pp = Getm()->p;
    // Two starts from now on, the tick divides by 61.
    pp->schedtick = kGlobalQueueTick - 2;
    for (int i = 0; i < 5; i++) {
      const InRuntime in;
      RunqPut(s.get(), pp, NewG(s.get(), [&, i] { order.push_back(i); }),
              /*next=*/false);
    }
    PutGlobal(s.get(), NewG(s.get(), [&] { order.push_back(100); }));
    LatchForTest never(1);
    GoOn([&] { never.Arrive(); });
    never.Wait();
  });
  // runnext inherits the tick of who parked; then two of the ring, then the
  // global one before its turn would come.
  EXPECT_THAT(order, ElementsAre(0, 1, 100, 2, 3, 4));
}

TEST(ScheduleTest, RunnextInheritsTheTimeSlice) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    P* pp = Getm()->p;
    pp->schedtick = 1;
    uint32_t seen = 0;
    LatchForTest done(1);
    GoOn([&] {
      seen = pp->schedtick;
      done.Arrive();
    });
    done.Wait();
    EXPECT_EQ(seen, 1);
    EXPECT_EQ(pp->schedtick, 1);
  });
}

// A chain in which each starts the next, by way of runnext, must not own the P
// for ever: nothing else preempts it.
TEST(ScheduleTest, AChainOfRunnextsIsInterrupted) {
  SchedForTest s({.procs = 1, .preempt = false});
  // The chain outlives main.
  bool stop = false;
  bool local_ran = false;
  int length = 0;
  s.Run([&] {
    struct Chain {
      bool* stop;
      int* length;
      void operator()() const {
        if (*stop) return;
        ++*length;
        GoOn(*this);
      }
    };
    constexpr int kSlice = TimeSlice::kTurns;
    GoOn([&] { local_ran = true; });  // kicked out to the ring by
    GoOn(Chain{&stop, &length});      // this one
    for (int i = 1; i <= 10; i++) {
      Gosched();  // main waits in the global queue: a slice at the most
      EXPECT_LE(length, i * kSlice);
    }
    EXPECT_TRUE(local_ran);
    stop = true;
  });
}

TEST(ScheduleTest, TheGlobalQueueIsShared) {
  SchedForTest s({.procs = 1, .preempt = false});
  std::vector<int> order;
  s.Run([&] {
    for (int i = 0; i < 300; i++) {
      PutGlobal(s.get(), NewG(s.get(), [&, i] { order.push_back(i); }));
    }
    EXPECT_EQ(s->runqsize, 300);
    {
      os::LockGuard guard(s->lock);
      P* pp = Getm()->p;
      G* gp = GlobRunqGet(s.get(), pp, 0);
      // At most half of a ring at once, the first of it returned.
      EXPECT_EQ(s->runqsize, 300 - 128);
      EXPECT_EQ(pp->runq.size(), 127);
      GQueue<G> first;
      first.PushBack(gp);
      GlobRunqPutHeadBatch(s.get(), &first, 1);
    }
  });
  EXPECT_EQ(order.size(), 300);
}

// What yields stays on its P, behind all that is queued there: any number of
// them take turns, and none gets ahead.
TEST(ScheduleTest, ThoseThatYieldTakeTurns) {
  constexpr int kGs = 1500;
  constexpr int kTurns = 10;
  SchedForTest s({.procs = 1, .preempt = false});
  int most_ahead = 0;
  s.Run([&] {
    std::vector<int> turns(kGs);
    std::vector<int> at_turn(kTurns + 1);
    at_turn[0] = kGs;
    int slowest = 0;
    // All have begun: those that have not go otherwise. (depth_first.h)
    std::vector<G*> parked;
    LatchForTest done(kGs);
    for (int i = 0; i < kGs; i++) {
      GoOn([&, i] {
        {
          const InRuntime in;
          parked.push_back(Getg());
          Gopark(nullptr, nullptr, WaitReason::kZero);
        }
        for (int t = 0; t < kTurns; t++) {
          at_turn[turns[i]]--;
          at_turn[++turns[i]]++;
          while (at_turn[slowest] == 0) slowest++;
          most_ahead = std::max(most_ahead, turns[i] - slowest);
          Gosched();
        }
        done.Arrive();
      });
    }
    GoschedUntil([&] { return parked.size() == kGs; });
    {
      const InRuntime in;
      for (G* gp : parked) Goready(gp);
    }
    done.Wait();
  });
  EXPECT_LE(most_ahead, 2);
}

// While a P's own queue is never empty, the global one and what has yielded get
// a turn each so many ticks, one after the other.
TEST(ScheduleTest, TheOldestComesFromBothQueuesByTurns) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    const InRuntime in;
    P* pp = Getm()->p;
    std::vector<G*> gs;
    for (int i = 0; i < 6; i++) gs.push_back(NewG(s.get(), [] {}));
    for (int i = 0; i < 2; i++) PutGlobal(s.get(), gs[i]);
    for (int i = 2; i < 6; i++) pp->yielded.Put(gs[i]);
    std::vector<G*> got;
    for (uint32_t turn = 0; turn < 6; turn++) {
      pp->schedtick = turn * kGlobalQueueTick;
      got.push_back(RunqGetOldest(s.get(), pp));
    }
    EXPECT_THAT(got, ElementsAre(gs[0], gs[2], gs[1], gs[3], gs[4], gs[5]));
    EXPECT_EQ(RunqGetOldest(s.get(), pp), nullptr);
    for (G* gp : gs) RunqPut(s.get(), pp, gp, /*next=*/false);
  });
}

// An idle P takes half of what has yielded on one that does not come back to
// the scheduler.
TEST(ScheduleTest, WhatHasYieldedIsStolen) {
  SchedForTest s({.procs = 2, .preempt = false});
  std::atomic<int> ran{0};
  s.Run([&] {
    {
      const InRuntime in;
      P* pp = Getm()->p;
      for (int i = 0; i < 10; i++) {
        pp->yielded.Put(NewG(s.get(), [&] { ran++; }));
      }
      WakeP(s.get());
    }
    // Nobody runs here meanwhile. The thief halves what is left, until nothing
    // is.
    while (ran < 10) os::ProcYield(10);
  });
  EXPECT_EQ(ran, 10);
}

TEST(ParkTest, AndReadyFromAGoroutine) {
  SchedForTest s({.procs = 1, .preempt = false});
  std::vector<std::string> log;
  s.Run([&] {
    LatchForTest latch(1);
    GoOn([&] {
      log.emplace_back("other");
      latch.Arrive();
      log.emplace_back("other goes on");
    });
    log.emplace_back("park");
    latch.Wait();
    log.emplace_back("ready");
  });
  EXPECT_THAT(log, ElementsAre("park", "other", "other goes on", "ready"));
}

TEST(ParkTest, AndReadyFromAPlainThread) {
  for (int i = 0; i < 50; i++) {
    SchedForTest s({.procs = 2});
    std::thread thread;
    s.Run([&] {
      LatchForTest latch(1);
      thread = std::thread([&latch] { latch.Arrive(); });
      latch.Wait();
    });
    thread.join();
    s.AwaitSleep();
  }
}

TEST(ParkTest, ARefusedParkGoesOn) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([] {
    for (int i = 0; i < 10; i++) {
      const InRuntime in;
      Gopark([](G*, void*) { return false; }, nullptr, WaitReason::kZero);
    }
    EXPECT_EQ(ReadGStatus(Getg()), GStatus::kRunning);
  });
}

TEST(ParkTest, ShowsItsStateAndReason) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([] {
    G* parked = nullptr;
    GoOn([&] {
      parked = Getg();
      const InRuntime in;
      Gopark(nullptr, nullptr, WaitReason::kMutexLock);
    });
    GoschedUntil([&] { return parked != nullptr; });
    EXPECT_EQ(ReadGStatus(parked), GStatus::kWaiting);
    EXPECT_STREQ(WaitReasonText(parked->waitreason), "sync.Mutex.Lock");
    Goready(parked);
    EXPECT_EQ(ReadGStatus(parked), GStatus::kRunnable);
  });
}

TEST(ParkDeathTest, NotWhileHoldingTheM) {
  EXPECT_DEATH(
      {
        SchedForTest s({.procs = 1, .preempt = false});
        s.Run([] {
          Acquirem();
          Acquirem();
          Gopark(nullptr, nullptr, WaitReason::kZero);
        });
      },
      "fatal error: gopark: holding locks");
}

#ifndef NDEBUG
TEST(ParkDeathTest, NotWhileHoldingARuntimeLock) {
  EXPECT_DEATH(
      {
        SchedForTest s({.procs = 1, .preempt = false});
        s.Run([] {
          os::Lock lock(os::LockRank::kLeaf);
          const os::LockGuard guard(lock);
          Gosched();
        });
      },
      "fatal error: ");
}
#endif

TEST(SystemStackTest, RunsOnG0) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([] {
    G* gp = Getg();
    bool on_g0 = false;
    bool nested = false;
    uintptr_t sp = 0;
    SystemStack([&] {
      on_g0 = Getg() == &Getm()->g0;
      sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
      SystemStack([&] { nested = true; });
    });
    EXPECT_TRUE(on_g0);
    EXPECT_TRUE(nested);
    EXPECT_TRUE(sp < gp->stack.lo || sp >= gp->stack.hi);
    EXPECT_EQ(Getg(), gp);
  });
  bool plain = false;
  SystemStack([&] { plain = true; });
  EXPECT_TRUE(plain);
}

// ---- What is a goroutine's own ----

// With migrate_always each Gosched goes on on another thread.
class MigrationTest : public testing::TestWithParam<int> {
 protected:
  SchedForTest s_{Options{.procs = GetParam(), .migrate_always = true}};
};
INSTANTIATE_TEST_SUITE_P(Procs, MigrationTest, testing::Values(1, 2));

TEST_P(MigrationTest, EachSwitchChangesTheThread) {
  s_.Run([] {
    for (int i = 0; i < 100; i++) {
      const M* before = Getm();
      const pid_t tid = os::GetTid();
      Gosched();
      EXPECT_NE(Getm(), before);
      EXPECT_NE(os::GetTid(), tid);
    }
  });
}

TEST_P(MigrationTest, ErrnoStays) {
  s_.Run([] {
    for (int i = 1; i < 50; i++) {
      GoOn([i] {
        for (int j = 0; j < 10; j++) {
          // Through a function: a compiler may keep errno's address.
          const auto set = [](int e) __attribute__((noinline)) { errno = e; };
          const auto get = []() __attribute__((noinline)) { return errno; };
          set(i * 100 + j);
          Gosched();
          EXPECT_EQ(get(), i * 100 + j);
        }
      });
    }
  });
}

TEST_P(MigrationTest, CaughtExceptionsStay) {
  s_.Run([] {
    for (int i = 0; i < 20; i++) {
      GoOn([i] {
        const std::string mine = "outer " + std::to_string(i);
        try {
          throw std::runtime_error(mine);
        } catch (const std::runtime_error& outer) {
          Gosched();
          try {
            throw std::logic_error("inner");
          } catch (const std::logic_error& inner) {
            Gosched();
            EXPECT_STREQ(inner.what(), "inner");
          }
          Gosched();
          EXPECT_EQ(outer.what(), mine);
          try {
            Gosched();
            throw;  // needs the caught exception of this goroutine
          } catch (const std::runtime_error& again) {
            Gosched();
            EXPECT_EQ(again.what(), mine);
          }
        }
        EXPECT_EQ(std::current_exception(), nullptr);
      });
    }
  });
}

TEST_P(MigrationTest, ASwitchDuringUnwinding) {
  struct SwitchesInDestructor {
    ~SwitchesInDestructor() {
      EXPECT_EQ(std::uncaught_exceptions(), 1);
      Gosched();
      EXPECT_EQ(std::uncaught_exceptions(), 1);
    }
  };
  s_.Run([] {
    for (int i = 0; i < 20; i++) {
      GoOn([] {
        EXPECT_EQ(std::uncaught_exceptions(), 0);
        try {
          const SwitchesInDestructor d;
          throw 7;
        } catch (int seven) {
          EXPECT_EQ(seven, 7);
        }
        EXPECT_EQ(std::uncaught_exceptions(), 0);
      });
    }
  });
}

TEST_P(MigrationTest, FloatingPointModeStays) {
  s_.Run([] {
    for (int mode : {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
      GoOn([mode] {
        std::fesetround(mode);
        for (int i = 0; i < 10; i++) {
          Gosched();
          EXPECT_EQ(std::fegetround(), mode);
        }
      });
    }
  });
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
}

}  // namespace
}  // namespace heddle::sched
