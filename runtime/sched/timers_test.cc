#include "heddle/runtime/sched/timers.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/poll.h"
#include "heddle/runtime/sched/sched_for_test.h"
#include "heddle/runtime/sched/stop_the_world.h"
#include "heddle/runtime/sched/thread_timers.h"

namespace heddle::sched {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kHour = 3600 * int64_t{1000} * kMs;

// Counts how often it fired, and those that exist.
struct TimerForTest {
  explicit TimerForTest(Sched* sched)
      : timer(sched == nullptr ? SchedRef() : sched->ref, Fire, Destroy) {
    alive.fetch_add(1);
  }

  static void Fire(Timer* t, Sched* /*sched*/, int64_t now) {
    auto* self = reinterpret_cast<TimerForTest*>(t);
    self->fired_at.store(now);
    self->fired.fetch_add(1);
    t->Unref();
  }
  static void Destroy(Timer* t) {
    alive.fetch_sub(1);
    delete reinterpret_cast<TimerForTest*>(t);
  }

  Timer timer;  // the first
  std::atomic<int> fired{0};
  std::atomic<int64_t> fired_at{0};

  static std::atomic<int> alive;
};
std::atomic<int> TimerForTest::alive{0};

bool ArmIn(TimerForTest* t, int64_t ns, int64_t period = 0) {
  const int64_t now = os::Nanotime();
  return ArmTimer(&t->timer, TimeAfter(now, ns), period, now);
}

// Lets others run, and the clock go on, until `done()`.
template <typename Done>
void SleepUntilDone(Done&& done) {
  while (!done()) SleepUntil(os::Nanotime() + kMs / 10);
}

TEST(TimeAfterTest, Saturates) {
  EXPECT_EQ(TimeAfter(5, 7), 12);
  EXPECT_EQ(TimeAfter(5, 0), 5);
  EXPECT_EQ(TimeAfter(5, -7), 5);
  EXPECT_EQ(TimeAfter(5, INT64_MIN), 5);
  EXPECT_EQ(TimeAfter(5, INT64_MAX), kNeverDue - 1);
  EXPECT_EQ(TimeAfter(5, INT64_MAX - 5), kNeverDue - 1);
  EXPECT_EQ(TimeAfter(5, INT64_MAX - 7), kNeverDue - 2);
}

// INV-T1: a timer of the one P, and what is due of it at which time.
class PutOffTest : public testing::Test {
 protected:
  template <typename F>
  void RunWithTimer(F main) {
    sched_.Run([this, &main] {
      timers_ = &GetP(sched_.get(), 0)->timers();
      t_ = new TimerForTest(sched_.get());
      now_ = os::Nanotime();
      main(now_ + kHour);
      t_->timer.Unref();
    });
  }

  bool ArmAt(int64_t when, int64_t period = 0) {
    return ArmTimer(&t_->timer, when, period, now_);
  }
  // As at that time.
  bool RunAt(int64_t when) {
    M* mp = Acquirem();
    const bool any = RunTimers(mp, timers_, when);
    Releasem(mp);
    return any;
  }

  SchedForTest sched_{Options{.procs = 1}};
  Timers* timers_ = nullptr;
  TimerForTest* t_ = nullptr;
  int64_t now_ = 0;
};

TEST_F(PutOffTest, IsMovedWhenItsOldTimeHasCome) {
  RunWithTimer([this](int64_t first) {
    ASSERT_FALSE(ArmAt(first));
    for (int i = 1; i <= 3; i++) {
      EXPECT_TRUE(ArmAt(first + i * kHour));
      EXPECT_EQ(timers_->next, first);
    }
    // Earlier again, but not before the entry.
    EXPECT_TRUE(ArmAt(first + kHour));
    EXPECT_EQ(timers_->next, first);
    EXPECT_FALSE(RunAt(first));
    EXPECT_EQ(timers_->next, first + kHour);
    EXPECT_EQ(t_->fired, 0);
    // Before the entry: at once.
    EXPECT_TRUE(ArmAt(first - kMs));
    EXPECT_EQ(timers_->next, first - kMs);
    // And it is due at the last of its times.
    EXPECT_TRUE(ArmAt(first));
    EXPECT_FALSE(RunAt(first - 1));
    EXPECT_EQ(timers_->next, first);
    EXPECT_TRUE(RunAt(first));
    EXPECT_EQ(t_->fired, 1);
    EXPECT_FALSE(DisarmTimer(&t_->timer));
  });
}

// A ticker ticks from its new time on.
TEST_F(PutOffTest, APeriodicOne) {
  RunWithTimer([this](int64_t first) {
    ASSERT_FALSE(ArmAt(first, kHour));
    EXPECT_TRUE(ArmAt(first + kMs, 2 * kHour));
    EXPECT_FALSE(RunAt(first));
    EXPECT_TRUE(RunAt(first + kMs));
    EXPECT_EQ(timers_->next, first + kMs + 2 * kHour);
    // Two that were missed are left out.
    EXPECT_TRUE(RunAt(first + 5 * kHour));
    EXPECT_EQ(timers_->next, first + kMs + 6 * kHour);
    EXPECT_EQ(t_->fired, 2);
    EXPECT_TRUE(DisarmTimer(&t_->timer));
  });
}

class TimersTest : public testing::TestWithParam<int> {
 protected:
  ~TimersTest() override { EXPECT_EQ(TimerForTest::alive, 0); }

  SchedForTest sched_{Options{.procs = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Procs, TimersTest, testing::Values(1, 2, 4));

TEST_P(TimersTest, FireOnceAndNotBeforeTheirTime) {
  sched_.Run([this] {
    auto* t = new TimerForTest(sched_.get());
    const int64_t start = os::Nanotime();
    EXPECT_FALSE(ArmIn(t, 2 * kMs));
    SleepUntilDone([t] { return t->fired == 1; });
    EXPECT_GE(t->fired_at, start + 2 * kMs);
    EXPECT_FALSE(DisarmTimer(&t->timer));
    SleepUntil(os::Nanotime() + kMs);
    EXPECT_EQ(t->fired, 1);
    // Again: a timer can be armed any number of times.
    EXPECT_FALSE(ArmIn(t, 0));
    SleepUntilDone([t] { return t->fired == 2; });
    t->timer.Unref();
  });
}

TEST_P(TimersTest, DisarmedTimersDoNotFire) {
  sched_.Run([this] {
    auto* t = new TimerForTest(sched_.get());
    EXPECT_FALSE(DisarmTimer(&t->timer));
    EXPECT_FALSE(ArmIn(t, kHour));
    EXPECT_TRUE(ArmIn(t, kHour / 2));
    EXPECT_TRUE(DisarmTimer(&t->timer));
    EXPECT_FALSE(DisarmTimer(&t->timer));
    EXPECT_EQ(EarliestTimer(sched_.get()), kNeverDue);
    SleepUntil(os::Nanotime() + kMs);
    EXPECT_EQ(t->fired, 0);
    t->timer.Unref();
  });
}

TEST_P(TimersTest, MoveToEarlierTimesAndToLaterOnes) {
  sched_.Run([this] {
    std::vector<TimerForTest*> all;
    for (int i = 0; i < 100; i++) {
      all.push_back(new TimerForTest(sched_.get()));
      ArmIn(all.back(), kHour + i * kMs);
    }
    // TestTimerModifiedEarlier: from far off to now.
    EXPECT_TRUE(ArmIn(all[50], kMs));
    SleepUntilDone([&all] { return all[50]->fired == 1; });
    // And from now to far off.
    for (int i = 0; i < 50; i++) {
      const bool was_armed = ArmIn(all[i], kMs / 2);
      EXPECT_TRUE(was_armed);
    }
    int later = 0;
    for (int i = 0; i < 50; i++) later += ArmIn(all[i], kHour) ? 1 : 0;
    for (int i = 0; i < 100; i++) {
      const int stopped = DisarmTimer(&all[i]->timer) ? 1 : 0;
      EXPECT_EQ(stopped, i == 50 ? 0 : 1) << i;
      all[i]->timer.Unref();
    }
    EXPECT_LE(later, 50);
  });
}

TEST_P(TimersTest, PeriodicOnesGoOnUntilTheyAreDisarmed) {
  sched_.Run([this] {
    auto* t = new TimerForTest(sched_.get());
    const int64_t start = os::Nanotime();
    ArmIn(t, kMs / 4, kMs / 4);
    SleepUntilDone([t] { return t->fired >= 5; });
    // Missed ones are left out, so never more than the time allows.
    EXPECT_GE(os::Nanotime() - start, 5 * kMs / 4);
    EXPECT_TRUE(DisarmTimer(&t->timer));
    // It may be firing still, elsewhere; then no more.
    SleepUntilDone([t] { return t->timer.refs == 1; });
    const int fired = t->fired;
    SleepUntil(os::Nanotime() + kMs);
    EXPECT_EQ(t->fired, fired);
    t->timer.Unref();
  });
}

TEST_P(TimersTest, APeriodThatIsTooLongSaturates) {
  sched_.Run([this] {
    auto* t = new TimerForTest(sched_.get());
    ArmIn(t, 0, INT64_MAX);
    SleepUntilDone([t] { return t->fired == 1; });
    EXPECT_TRUE(DisarmTimer(&t->timer));
    SleepUntilDone([t] { return t->timer.refs == 1; });
    t->timer.Unref();
  });
}

// TestAfterQueuing, of sleepers: they wake in the order of their times. Those
// that are due at one look of the scheduler's, that is.
TEST(SleepOrderTest, IsThatOfTheTimes) {
  SchedForTest sched(Options{.procs = 1, .preempt = false});
  sched.Run([] {
    std::vector<int> woken;
    do {
      woken.clear();
      const int64_t start = os::Nanotime() + 5 * kMs;
      int started = 0;
      LatchForTest done(13);
      for (const int slot : {5, 3, 6, 10, 11, 1, 12, 2, 7, 9, 4, 8, 0}) {
        GoOn([&, start, slot] {
          started++;
          SleepUntil(start + slot);
          woken.push_back(slot);
          done.Arrive();
        });
      }
      GoschedUntil([&started] { return started == 13; });
      const bool in_time = woken.empty();
      // Nobody else runs meanwhile.
      while (os::Nanotime() < start + 20) os::ProcYield(1);
      done.Wait();
      if (in_time) break;
    } while (true);
    EXPECT_EQ(woken.size(), 13u);
    EXPECT_TRUE(std::is_sorted(woken.begin(), woken.end()));
  });
}

// What is left when the runtime ends is dropped, not fired.
TEST_P(TimersTest, AreDroppedWithTheirRuntime) {
  std::vector<TimerForTest*> all;
  {
    SchedForTest sched(Options{.procs = GetParam()});
    sched.Run([&] {
      for (int i = 0; i < 10; i++) {
        all.push_back(new TimerForTest(sched.get()));
        ArmIn(all.back(), kHour);
      }
      // They do not keep the Run waiting.
    });
    all[0]->timer.Unref();
  }
  EXPECT_EQ(TimerForTest::alive, 9);
  for (int i = 1; i < 10; i++) {
    EXPECT_EQ(all[i]->fired, 0);
    EXPECT_FALSE(DisarmTimer(&all[i]->timer));
    all[i]->timer.Unref();
  }
}

// A goroutine waits for the next Run; so does a timer.
TEST_P(TimersTest, GoOnInTheNextRun) {
  auto* t = new TimerForTest(sched_.get());
  sched_.Run([t] { ArmIn(t, kMs); });
  os::Usleep(1500);
  sched_.Run([t] { SleepUntilDone([t] { return t->fired == 1; }); });
  t->timer.Unref();
}

TEST_P(TimersTest, FollowTheirPThatGoes) {
  sched_.Run([this] {
    std::vector<TimerForTest*> all;
    for (int round = 0; round < 20; round++) {
      for (int i = 0; i < 10; i++) {
        all.push_back(new TimerForTest(sched_.get()));
        ArmIn(all.back(), kHour);
      }
      GoMaxProcs(1 + (round * 7) % 4);
      SleepUntil(os::Nanotime() + kMs / 20);
    }
    GoMaxProcs(1);
    EXPECT_EQ(GetP(sched_.get(), 0)->timers().size, all.size());
    for (TimerForTest* t : all) {
      EXPECT_EQ(t->timer.home, &GetP(sched_.get(), 0)->timers());
      EXPECT_TRUE(ArmIn(t, 0));
    }
    for (TimerForTest* t : all) {
      SleepUntilDone([t] { return t->fired == 1; });
      t->timer.Unref();
    }
  });
}

// TestTimerStopStress and the like: each arming is either disarmed or fires.
TEST_P(TimersTest, EachArmingEndsOneWay) {
  sched_.Run([this] {
    constexpr int kTimers = 8;
    constexpr int kRounds = 400;
    std::vector<TimerForTest*> all;
    for (int i = 0; i < kTimers; i++) {
      all.push_back(new TimerForTest(sched_.get()));
    }
    std::atomic<int> armed{0};
    std::atomic<int> rearmed{0};
    std::atomic<int> disarmed{0};
    LatchForTest done(4);
    for (int g = 0; g < 4; g++) {
      GoOn([&, g] {
        base::FastRand random(static_cast<uint64_t>(g));
        for (int i = 0; i < kRounds; i++) {
          TimerForTest* t = all[random.Below(kTimers)];
          if (random.Below(2) == 0) {
            armed++;
            if (ArmIn(t, random.Below(20) * 1000)) rearmed++;
          } else if (DisarmTimer(&t->timer)) {
            disarmed++;
          }
          if (random.Below(10) == 0) SleepUntil(os::Nanotime() + 10'000);
          if (random.Below(100) == 0) GoMaxProcs(1 + random.Below(4));
        }
        done.Arrive();
      });
    }
    done.Wait();
    const auto fired = [&all] {
      int n = 0;
      for (TimerForTest* t : all) n += t->fired;
      return n;
    };
    SleepUntilDone([&] { return fired() == armed - rearmed - disarmed; });
    SleepUntil(os::Nanotime() + kMs);
    EXPECT_EQ(fired(), armed - rearmed - disarmed);
    for (TimerForTest* t : all) {
      EXPECT_EQ(t->timer.refs, 1u);
      t->timer.Unref();
    }
  });
}

// A plain thread's timers need no runtime.
TEST(ThreadTimersTest, FireWithoutARuntime) {
  auto* t = new TimerForTest(nullptr);
  ArmIn(t, kHour);
  EXPECT_EQ(t->timer.home, ThreadTimers());
  const int64_t start = os::Nanotime();
  EXPECT_TRUE(ArmIn(t, kMs));
  while (t->fired == 0) os::Usleep(100);
  EXPECT_GE(t->fired_at, start + kMs);
  while (t->timer.refs != 1) os::OsYield();
  ArmIn(t, kHour);
  EXPECT_TRUE(DisarmTimer(&t->timer));
  EXPECT_EQ(ThreadTimers()->next, kNeverDue);
  t->timer.Unref();
  EXPECT_EQ(TimerForTest::alive, 0);
}

// A runtime's timer that a plain thread arms stays the runtime's; the runtime,
// which may be idle, notices.
TEST_P(TimersTest, PlainThreadsArmThem) {
  auto* t = new TimerForTest(sched_.get());
  std::thread thread;
  sched_.Run([&] {
    thread = std::thread([&] {
      os::Usleep(2000);
      ArmIn(t, kHour);
      EXPECT_EQ(t->timer.home.load(), &GetP(sched_.get(), 0)->timers());
      ArmIn(t, kMs);
    });
    SleepUntilDone([t] { return t->fired == 1; });
  });
  thread.join();
  t->timer.Unref();
}

// While nothing else is to be done one M sleeps for the earliest timer of all,
// and is told of earlier ones.
TEST_P(TimersTest, OneMSleepsForTheEarliest) {
  if (GetParam() == 1) GTEST_SKIP() << "while main looks, nobody has a P";
  sched_.Run([this] {
    auto* t = new TimerForTest(sched_.get());
    const auto until = [this] { return sched_->poll.until.load(); };
    // Far off: sysmon would see to it when it is near. `now` pretends that.
    const int64_t far = os::Nanotime() + kHour;
    ArmTimer(&t->timer, far, 0, far);
    while (until() != far) os::Usleep(20);
    const int64_t near = far - kHour / 2;
    ArmTimer(&t->timer, near, 0, near);
    while (until() != near) os::Usleep(20);
    // A later one is none of its business.
    auto* later = new TimerForTest(sched_.get());
    ArmTimer(&later->timer, far, 0, far);
    EXPECT_EQ(until(), near);
    EXPECT_TRUE(DisarmTimer(&t->timer));
    EXPECT_TRUE(DisarmTimer(&later->timer));
    t->timer.Unref();
    later->timer.Unref();
    // The Run ends though somebody sleeps for half an hour.
  });
}

}  // namespace
}  // namespace heddle::sched
