// Goroutines that do not come back to the scheduler lose their P.

#include "heddle/runtime/sched/retake.h"

#include <unistd.h>

#include <atomic>
#include <thread>  // NOLINT

#include "gtest/gtest.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/thread_state.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/sched_for_test.h"
#include "heddle/runtime/sched/stop_the_world.h"
#include "heddle/runtime/sched/syscall.h"
#include "heddle/runtime/sched/timers.h"

namespace heddle::sched {
namespace {

// Computes, without a call of the runtime, until `flag`.
void Compute(const std::atomic<bool>& flag) {
  while (!flag.load(std::memory_order_relaxed)) os::ProcYield(1);
}

// Sleeps in the kernel, which heddle is not told, until `flag`.
void SleepUntil(const std::atomic<bool>& flag) {
  while (!flag) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// Takes sysmon's place: the test looks.
void WithoutSysmon(Sched* sched) {
  os::LockGuard guard(sched->lock);
  sched->sysmon_started = true;
}

// A look of sysmon's, from outside: who is inside cannot take its own P.
int Look(Sched* sched, int64_t now) {
  int taken = 0;
  std::atomic<bool> looked{false};
  std::thread looker([&] {
    taken = Retake(sched, now);
    looked = true;
  });
  // Not join: that would sleep.
  while (!looked.load(std::memory_order_relaxed)) os::ProcYield(1);
  looker.join();
  return taken;
}

class RetakeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!os::HaveAsymmetricFences())
      GTEST_SKIP() << "the kernel has no membarrier(2)";
  }
};

// Nothing is queued and no timer is near: to take its P would help nobody.
TEST_F(RetakeTest, AHogForWhomNobodyWaitsKeepsItsP) {
  SchedForTest s({.procs = 1});
  WithoutSysmon(s.get());
  s.Run([&] {
    const auto look = [&s] {
      const int64_t now = os::Nanotime();
      return Look(s.get(), now) + Look(s.get(), now + 2 * kForcePreemptNs);
    };
    EXPECT_EQ(look(), 0);
    constexpr int64_t kHour = int64_t{3600} * 1'000'000'000;
    Timer timer(
        s.get()->ref, [](Timer* t, Sched*, int64_t) { t->Unref(); },
        [](Timer*) {});
    const int64_t now = os::Nanotime();
    ArmTimer(&timer, now + kHour, 0, now);
    EXPECT_EQ(look(), 0);
    // One that is near wants somebody who sees to it in time.
    ArmTimer(&timer, now + kForcePreemptNs, 0, now);
    EXPECT_EQ(look(), 1);
    DisarmTimer(&timer);
  });
}

TEST_F(RetakeTest, AHogLosesItsPAndQueuesForAnother) {
  SchedForTest s({.procs = 1});
  s.Run([&] {
    std::atomic<bool> stop{false};
    const M* hog_m = Getm();
    GoOn([&] {
      EXPECT_NE(Getm(), hog_m);
      EXPECT_EQ(s->nhogs, 1);
      stop = true;
    });
    Compute(stop);
    // It is noticed here; status and thread are as before.
    EXPECT_EQ(ReadGStatus(Getg()), GStatus::kRunning);
    EXPECT_EQ(Getm(), hog_m);
    M* mp = Acquirem();
    EXPECT_EQ(mp, hog_m);
    EXPECT_NE(mp->p, nullptr);
    EXPECT_EQ(mp->p->m.load(), mp);
    EXPECT_EQ(s->nhogs, 0);
    Releasem(mp);
  });
}

// At the gate it waits on its own thread: C++ code may hold something of a
// thread's when it calls Go.
TEST_F(RetakeTest, AHogKeepsItsThread) {
  SchedForTest s({.procs = 1});
  s.Run([&] {
    const M* hog_m = Getm();
    for (int i = 0; i < 10; i++) {
      std::atomic<bool> stop{false};
      std::atomic<bool> other_ran{false};
      // One that the P is with while the hog waits for it, and one that the
      // hog starts.
      GoOn([&] {
        stop = true;
        while (!other_ran) Gosched();
      });
      Compute(stop);
      GoOn([&] { other_ran = true; });
      EXPECT_EQ(Getm(), hog_m);
      EXPECT_FALSE(Getg()->marks.locked());
      EXPECT_EQ(hog_m->lockedg, nullptr);
      while (!other_ran) Gosched();
      hog_m = Getm();
    }
  });
}

TEST_F(RetakeTest, ManyHogsAndOneWhoWaits) {
  SchedForTest s({.procs = 2});
  std::atomic<bool> stop{false};
  s.Run([&] {
    std::atomic<int> computing{0};
    for (int i = 0; i < 5; i++) {
      GoOn([&] {
        computing++;
        Compute(stop);
      });
    }
    // More than there are Ps, main included.
    while (computing != 5) os::ProcYield(1);
    stop = true;
  });
  EXPECT_EQ(s->nhogs, 0);
}

TEST_F(RetakeTest, ACallThatBlocksAndIsNotWrappedLosesItsP) {
  SchedForTest s({.procs = 1});
  WithoutSysmon(s.get());
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  s.Run([&] {
    GoOn([&] { EXPECT_EQ(write(fds[1], "x", 1), 1); });
    std::thread looker([&, tid = Getm()->tid.load()] {
      while (os::ThreadIsRunning(tid)) os::OsYield();
      const int64_t now = os::Nanotime();
      EXPECT_EQ(Retake(s.get(), now), 0);
      EXPECT_EQ(Retake(s.get(), now + kForcePreemptNs), 1);
      EXPECT_EQ(s->nhogs, 0);  // it does not compute
    });
    char x;
    EXPECT_EQ(read(fds[0], &x, 1), 1);
    Gosched();
    looker.join();
  });
  close(fds[0]);
  close(fds[1]);
}

TEST_F(RetakeTest, ABlockingCallLosesItsP) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    std::atomic<bool> stop{false};
    GoOn([&] { stop = true; });
    ASSERT_TRUE(EnterSyscall());
    SleepUntil(stop);
    ExitSyscall();
    EXPECT_EQ(ReadGStatus(Getg()), GStatus::kRunning);
    EXPECT_EQ(s->nhogs, 0);
  });
}

// Sysmon may see a blocking call that has ended by the time it takes the P.
TEST_F(RetakeTest, WithoutPreemptionOnlyABlockingCallLosesItsP) {
  SchedForTest s({.procs = 2, .preempt = false});
  WithoutSysmon(s.get());
  std::atomic<int> working{2};
  std::atomic<int> lost{0};
  s.Run([&] {
    for (int t = 0; t < 2; t++) {
      GoOn([&] {
        for (int i = 0; i < 300; i++) {
          if (EnterSyscall()) ExitSyscall();
          P* const pp = Getm()->p;
          M* const mp = Getm();
          const int64_t until = os::Nanotime() + 50'000;
          while (os::Nanotime() < until) {
          }
          if (pp->m.load() != mp) lost++;
        }
        working--;
      });
    }
    // Main waits for a P all the time, and takes one where it can.
    while (working > 0) {
      {
        // As sysmon, which is on a g0.
        const RaceScope not_looked_at;
        Retake(s.get(), os::Nanotime());
      }
      Gosched();
    }
  });
  EXPECT_EQ(lost, 0);
}

TEST_F(RetakeTest, AShortBlockingCallKeepsItsP) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    const M* mp = Getm();
    const uint32_t tick = mp->p->syscalltick;
    for (int i = 0; i < 1000; i++) {
      ASSERT_TRUE(EnterSyscall());
      EXPECT_EQ(ReadGStatus(Getg()), GStatus::kSyscall);
      EXPECT_EQ(ParkableG(), nullptr);
      EXPECT_FALSE(EnterSyscall());
      ExitSyscall();
      EXPECT_EQ(Getm(), mp);
    }
    EXPECT_GE(mp->p->syscalltick - tick, 1000u);
    EXPECT_EQ(mp->p->status.load(), PStatus::kRunning);
  });
}

// What a goroutine in a blocking call starts, and nobody else has work.
TEST_F(RetakeTest, TheRuntimeCanBeUsedInABlockingCall) {
  SchedForTest s({.procs = 1});
  s.Run([&] {
    std::atomic<bool> stop{false};
    ASSERT_TRUE(EnterSyscall());
    GoOn([&] { stop = true; });
    SleepUntil(stop);
    // Without a P now.
    stop = false;
    GoOn([&] { stop = true; });
    SleepUntil(stop);
    ExitSyscall();
  });
}

void Compute(int64_t ns) {
  const int64_t until = os::Nanotime() + ns;
  while (os::Nanotime() < until) {
  }
}

// Starts n goroutines that compute for more than a time slice each, and waits
// for them.
void RunHogs(int n) {
  std::atomic<int> left{n};
  for (int i = 0; i < n; i++) {
    GoOn([&] {
      Compute(3 * kForcePreemptNs / 2);
      left--;
    });
  }
  while (left > 0) Gosched();
}

// Far more than there are Ps.
TEST_F(RetakeTest, ManyHogsTakeFewThreads) {
  SchedForTest s({.procs = 2});
  s.Run([&] {
    RunHogs(100);
    // Two Ps have a thread each, hogs have four, and one waits for timers.
    EXPECT_LE(s.Threads(), 7);
  });
}

TEST_F(RetakeTest, NoPIsTakenForWhichThereIsNoThread) {
  for (const int max : {2, 3, 5}) {
    SchedForTest s({.procs = 2, .max_threads = max});
    s.Run([] { RunHogs(20); });
    EXPECT_LE(s.Threads(), max);
    EXPECT_EQ(s->nhogs, 0);
  }
}

// Sysmon sleeps for long by then. A goroutine that begins a blocking call wakes
// it if others wait for the P.
TEST_F(RetakeTest, ABlockingCallHurriesSysmon) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    while (s->sysmonwait != SysmonWait::kLong) {
    }
    ASSERT_TRUE(EnterSyscall());
    // Nobody waits: it sleeps on.
    ExitSyscall();
    std::atomic<bool> ran{false};
    GoOn([&] { ran = true; });
    while (s->sysmonwait != SysmonWait::kLong) {
    }
    ASSERT_TRUE(EnterSyscall());
    EXPECT_FALSE(s->sysmonwait == SysmonWait::kLong && !ran);
    SleepUntil(ran);
    ExitSyscall();
  });
}

TEST_F(RetakeTest, NotIfNobodyWaits) {
  SchedForTest s({.procs = 2});
  WithoutSysmon(s.get());
  s.Run([&] {
    P* pp = Getm()->p;
    // Two looks of sysmon's, a slice and more apart.
    const int64_t now = os::Nanotime();
    Look(s.get(), now);
    Look(s.get(), now + 100 * kForcePreemptNs);
    EXPECT_EQ(pp->m.load(), Getm());
  });
}

TEST_F(RetakeTest, NotInsideTheRuntime) {
  SchedForTest s({.procs = 1});
  s.Run([&] {
    M* mp = Acquirem();
    EXPECT_FALSE(TakeP(s.get(), mp->p));
    Releasem(mp);
    std::thread([&] {
      P* pp = GetP(s.get(), 0);
      EXPECT_TRUE(TakeP(s.get(), pp));
      EXPECT_FALSE(TakeP(s.get(), pp));  // it is nobody's now
      HandoffP(s.get(), pp);
    }).join();
    // At this gate it comes back.
    mp = Acquirem();
    EXPECT_EQ(mp->p, GetP(s.get(), 0));
    Releasem(mp);
  });
}

TEST_F(RetakeTest, NotWithPreemptOff) {
  SchedForTest s({.procs = 1, .preempt = false});
  WithoutSysmon(s.get());
  s.Run([&] {
    bool ran = false;
    GoOn([&] { ran = true; });
    const int64_t now = os::Nanotime();
    Look(s.get(), now);
    EXPECT_EQ(Look(s.get(), now + 100 * kForcePreemptNs), 0);
    EXPECT_FALSE(ran);
  });
}

// The slice grows with the number of hogs, so that threads do not multiply.
TEST_F(RetakeTest, PatienceGrowsWithTheHogs) {
  SchedForTest s({.procs = 1});
  WithoutSysmon(s.get());
  s.Run([&] {
    bool ran = false;
    GoOn([&] { ran = true; });
    s->nhogs = 2;
    const int64_t now = os::Nanotime();
    Look(s.get(), now);
    EXPECT_EQ(Look(s.get(), now + 2 * kForcePreemptNs), 0);
    EXPECT_FALSE(ran);
    const int taken = Look(s.get(), now + 3 * kForcePreemptNs);
    EXPECT_EQ(taken, 1);
    EXPECT_EQ(s->nhogs, 3);
    Gosched();
    EXPECT_EQ(s->nhogs, 2);
    // There are two more than Ps.
    s->nhogs = 3;
    ran = false;
    GoOn([&] { ran = true; });
    const int64_t later = os::Nanotime();
    Look(s.get(), later);
    EXPECT_EQ(Look(s.get(), later + 9 * kForcePreemptNs), 0);
    EXPECT_EQ(Look(s.get(), later + 10 * kForcePreemptNs), 1);
    Gosched();
    EXPECT_EQ(s->nhogs, 3);
    s->nhogs = 0;
  });
}

TEST_F(RetakeTest, TheWorldStopsAlthoughAGoroutineComputes) {
  SchedForTest s({.procs = 2, .preempt = false});
  std::atomic<bool> computing{false};
  std::atomic<bool> stop{false};  // outlives main
  s.Run([&] {
    GoOn([&] {
      computing = true;
      Compute(stop);
    });
    while (!computing) os::OsYield();
    EXPECT_EQ(GoMaxProcs(1), 2);
    EXPECT_EQ(GoMaxProcs(3), 1);
    stop = true;
  });
}

// A gate that lets a P go twice, or not at all, shows here: each P counts its
// owners, who enter and leave all the time.
TEST_F(RetakeTest, APIsNeverTwoMs) {
  SchedForTest s({.procs = 2, .preempt = false});
  std::atomic<bool> stop{false};
  std::thread taker([&] {
    while (!stop) {
      for (int i = 0; i < 2; i++) {
        P* pp = GetP(s.get(), i);
        if (s->main_started() && TakeP(s.get(), pp)) HandoffP(s.get(), pp);
      }
    }
  });
  std::atomic<int> owners[2] = {};
  s.Run([&] {
    for (int i = 0; i < 8; i++) {
      GoOn([&] {
        for (int j = 0; j < 20'000; j++) {
          M* mp = Acquirem();
          std::atomic<int>& owner = owners[mp->p->id];
          EXPECT_EQ(owner.fetch_add(1, std::memory_order_relaxed), 0);
          owner.fetch_sub(1, std::memory_order_relaxed);
          Releasem(mp);
          if (j % 64 == 0) Gosched();
        }
      });
    }
  });
  stop = true;
  taker.join();
}

}  // namespace
}  // namespace heddle::sched
