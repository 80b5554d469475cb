#include "heddle/runtime/sched/g.h"

#include <atomic>
#include <thread>

#include "gtest/gtest.h"
#include "heddle/runtime/sched/status.h"
#include "heddle/runtime/sched/wait_reason.h"

namespace heddle::sched {
namespace {

using enum GStatus;

constexpr GStatus kAll[] = {kIdle,    kRunnable, kRunning,
                            kSyscall, kWaiting,  kDead};

TEST(CasGStatusTest, WalksThroughALife) {
  G g;
  EXPECT_EQ(ReadGStatus(&g), kIdle);
  const GStatus life[] = {kDead,    kRunnable, kRunning, kRunnable, kRunning,
                          kWaiting, kRunnable, kRunning, kSyscall,  kRunning,
                          kSyscall, kRunnable, kRunning, kDead,     kRunnable};
  GStatus from = kIdle;
  for (GStatus to : life) {
    CasGStatus(&g, from, to);
    EXPECT_EQ(ReadGStatus(&g), to);
    from = to;
  }
}

TEST(CasGStatusDeathTest, ThrowsIfTheGIsInAnotherState) {
  G g;
  g.goid = 7;
  EXPECT_DEATH(CasGStatus(&g, kRunnable, kRunning),
               "casgstatus: goroutine 7 is idle; want runnable to running\n"
               "fatal error: casgstatus: bad incoming values\n");
  EXPECT_EQ(ReadGStatus(&g), kIdle);
}

TEST(CasGStatusDeathTest, ThrowsOnAChangeThatTheTableDoesNotHave) {
  G g;
  g.goid = 8;
  CasGStatus(&g, kIdle, kDead);
  EXPECT_DEATH(CasGStatus(&g, kDead, kRunning),
               "casgstatus: goroutine 8 is dead; want dead to running\n"
               "fatal error: casgstatus: bad incoming values\n");
}

// The check is the table itself, for a sample of each row that forbids.
TEST(CasGStatusDeathTest, ThrowsWhenAStateIsEnteredTwice) {
  for (GStatus s : kAll) {
    G g;
    g.atomicstatus.store(s, std::memory_order_relaxed);
    EXPECT_DEATH(CasGStatus(&g, s, s), "casgstatus: bad incoming values")
        << GStatusText(s);
  }
}

TEST(GetgTest, IsNullOnAThreadOfNobodysAndEachThreadsOwn) {
  EXPECT_EQ(Getg(), nullptr);
  G mine;
  Setg(&mine);
  std::thread([] {
    EXPECT_EQ(Getg(), nullptr);
    G other;
    Setg(&other);
    EXPECT_EQ(Getg(), &other);
    Setg(nullptr);
  }).join();
  EXPECT_EQ(Getg(), &mine);
  Setg(nullptr);
}

TEST(GTest, ANewOneIsIdleAndHasNothing) {
  G g;
  EXPECT_EQ(ReadGStatus(&g), kIdle);
  EXPECT_FALSE(g.stack);
  EXPECT_EQ(g.m, nullptr);
  EXPECT_EQ(g.schedlink, nullptr);
  EXPECT_EQ(g.fn, nullptr);
  EXPECT_EQ(g.goid, 0u);
  EXPECT_EQ(g.waitreason.load(), WaitReason::kZero);
}

}  // namespace
}  // namespace heddle::sched
