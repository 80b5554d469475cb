#include "heddle/runtime/sched/stop_the_world.h"

#include <atomic>
#include <stdexcept>

#include "gtest/gtest.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/sched_for_test.h"

namespace heddle::sched {
namespace {

TEST(GoMaxProcsTest, ReadsAndSets) {
  SchedForTest s({.procs = 2});
  s.Run([&] {
    EXPECT_EQ(GoMaxProcs(0), 2);
    EXPECT_EQ(GoMaxProcs(-1), 2);
    EXPECT_EQ(GoMaxProcs(5), 2);
    EXPECT_EQ(GoMaxProcs(0), 5);
    EXPECT_EQ(GoMaxProcs(1), 5);
    EXPECT_EQ(GoMaxProcs(kMaxProcs), 1);
    EXPECT_EQ(GoMaxProcs(2), kMaxProcs);
    EXPECT_THROW(GoMaxProcs(kMaxProcs + 1), std::invalid_argument);
    EXPECT_EQ(GoMaxProcs(0), 2);
  });
}

TEST(GoMaxProcsTest, AShrinkKeepsWhatWasQueued) {
  SchedForTest s({.procs = 4});
  std::atomic<int> n{0};
  s.Run([&] {
    for (int i = 0; i < 1000; i++) GoOn([&] { n++; });
    GoMaxProcs(1);
    for (int i = 0; i < 1000; i++) GoOn([&] { n++; });
    GoMaxProcs(3);
    for (int i = 0; i < 1000; i++) GoOn([&] { n++; });
  });
  EXPECT_EQ(n, 3000);
}

TEST(GoMaxProcsTest, NoMoreRunAtOnceThanItSays) {
  // A goroutine whose P is taken runs beside those that have one.
  SchedForTest s({.procs = 4, .preempt = false});
  s.Run([&] {
    GoMaxProcs(2);
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    LatchForTest all(8);
    for (int i = 0; i < 8; i++) {
      GoOn([&] {
        for (int j = 0; j < 20; j++) {
          const int now = ++running;
          int before = most;
          while (now > before && !most.compare_exchange_weak(before, now)) {
          }
          for (int k = 0; k < 5; k++) os::OsYield();
          running--;
          Gosched();
        }
        all.Arrive();
      });
    }
    all.Wait();
    EXPECT_LE(most, 2);
  });
}

// Go's TestStopTheWorldDeadlock: many at once, against goroutines that start
// goroutines.
TEST(GoMaxProcsTest, ManyAtOnceAmongASpawnStorm) {
  SchedForTest s({.procs = 2});
  // The storm outlives main.
  std::atomic<bool> stop{false};
  std::atomic<int> spawned{0};
  s.Run([&] {
    struct Spawn {
      std::atomic<bool>* stop;
      std::atomic<int>* spawned;
      void operator()() const {
        if (*stop) return;
        (*spawned)++;
        GoOn(*this);
      }
    };
    GoOn(Spawn{&stop, &spawned});
    LatchForTest all(3);
    for (int i = 0; i < 3; i++) {
      GoOn([&, i] {
        for (int j = 0; j < 60; j++) {
          GoMaxProcs(1 + (i + j) % 4);
          Gosched();
        }
        all.Arrive();
      });
    }
    all.Wait();
    stop = true;
    EXPECT_GT(spawned, 0);
  });
  EXPECT_GE(s->gomaxprocs, 1);
}

}  // namespace
}  // namespace heddle::sched
