#include "heddle/runtime/sched/tracking.h"

#include <cstdint>

#include "gtest/gtest.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/sched_for_test.h"
#include "heddle/runtime/sched/syscall.h"

namespace heddle::sched {
namespace {

uint64_t Samples(Sched* sched) { return sched->time_to_run.Read().count(); }

// One goroutine that yields: one turn in kGTrackingPeriod is recorded.
TEST(TrackingTest, OneTurnInAPeriodIsTimed) {
  constexpr int kTurns = 100 * kGTrackingPeriod;
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    const uint64_t before = Samples(s.get());
    for (int i = 0; i < kTurns; i++) Gosched();
    EXPECT_EQ(Samples(s.get()) - before, uint64_t{kTurns / kGTrackingPeriod});
    EXPECT_EQ(s->time_to_run.Read().underflow, 0u);
  });
  EXPECT_EQ(s->mutex_wait_ns.load(), 0);
}

// New goroutines are sampled by a hash of their numbers: of 8,000 some 125, as
// if by chance, which has a standard deviation of 11; main's own turns add a
// few.
TEST(TrackingTest, FirstTurns) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    constexpr int kMany = 125 * kGTrackingPeriod;
    LatchForTest done(kMany);
    for (int i = 0; i < kMany; i++) GoOn([&] { done.Arrive(); });
    done.Wait();
  });
  EXPECT_GT(Samples(s.get()), 50u);
  EXPECT_LT(Samples(s.get()), 250u);
}

// A goroutine that is readied kTurns times.
void ParkAndReady(SchedForTest& s, int turns, WaitReason reason) {
  s.Run([&] {
    G* waiter = nullptr;
    bool done = false;
    GoOn([&] {
      for (int i = 0; i < turns; i++) {
        const InRuntime in;
        Gopark(
            [](G* gp, void* w) {
              *static_cast<G**>(w) = gp;
              return true;
            },
            &waiter, reason);
      }
      done = true;
    });
    while (!done) {
      if (waiter != nullptr) {
        G* gp = waiter;
        waiter = nullptr;
        Goready(gp);
      }
      Gosched();
    }
  });
}

TEST(TrackingTest, WaitsForMutexesAreAddedUp) {
  SchedForTest s({.procs = 1, .preempt = false});
  ParkAndReady(s, 10 * kGTrackingPeriod, WaitReason::kMutexLock);
  EXPECT_GT(s->mutex_wait_ns.load(), 0);
  EXPECT_GT(Samples(s.get()), 10u);
}

TEST(TrackingTest, OtherWaitsAreNot) {
  SchedForTest s({.procs = 1, .preempt = false});
  ParkAndReady(s, 10 * kGTrackingPeriod, WaitReason::kSemacquire);
  EXPECT_EQ(s->mutex_wait_ns.load(), 0);
  EXPECT_GT(Samples(s.get()), 10u);
}

// By hand, with times that are known.
TEST(TrackingTest, TheSumIsThatOfTheSampleTimesThePeriod) {
  SchedForTest s({.procs = 1, .preempt = false});
  G gp;
  gp.tracking_seq = 0;
  gp.waitreason.store(WaitReason::kMutexLock);
  TrackWaiting(&gp);
  ASSERT_TRUE(gp.tracking);
  gp.tracked_since -= 1'000'000'000;
  TrackReady(s.get(), &gp);
  // The clock goes on meanwhile.
  constexpr int64_t kSum = kGTrackingPeriod * int64_t{1'000'000'000};
  EXPECT_GE(s->mutex_wait_ns.load(), kSum);
  EXPECT_LT(s->mutex_wait_ns.load(), 60 * kSum);
  gp.tracked_since -= 1'000'000'000;
  TrackRunning(s.get(), &gp);
  EXPECT_FALSE(gp.tracking);
  EXPECT_EQ(Samples(s.get()), 1u);
  EXPECT_GE(s->time_to_run.Read().Quantile(1), 1'000'000'000);
  for (int i = 1; i < kGTrackingPeriod; i++) {
    TrackStopped(&gp);
    EXPECT_FALSE(gp.tracking);
  }
  TrackStopped(&gp);
  EXPECT_TRUE(gp.tracking);
}

}  // namespace
}  // namespace heddle::sched
