#include "heddle/runtime/sched/status.h"

#include <cstdint>
#include <set>
#include <utility>

#include "gtest/gtest.h"

namespace heddle::sched {
namespace {

using enum GStatus;

constexpr GStatus kAll[] = {kIdle,    kRunnable, kRunning,
                            kSyscall, kWaiting,  kDead};

// The life of a goroutine, told anew: every change that one can go through.
const std::set<std::pair<GStatus, GStatus>>& Life() {
  static const auto* const life = new std::set<std::pair<GStatus, GStatus>>{
      {kIdle, kDead},         // malg'd: NewProc1 publishes it as dead
      {kDead, kRunnable},     // started
      {kRunnable, kRunning},  // executed
      {kRunning, kRunnable},  // yields
      {kRunning, kWaiting},   // parks
      {kWaiting, kRunnable},  // is readied
      {kRunning, kSyscall},   // enters a blocking call
      {kSyscall, kRunning},   // is back, and there is a P
      {kSyscall, kRunnable},  // is back, and there is none
      {kRunning, kDead},      // ends
  };
  return *life;
}

TEST(GStatusTest, AllowsTheChangesOfTheTableAndNoOther) {
  int allowed = 0;
  for (GStatus from : kAll) {
    for (GStatus to : kAll) {
      EXPECT_EQ(GTransitionAllowed(from, to), Life().count({from, to}) == 1)
          << GStatusText(from) << " to " << GStatusText(to);
      allowed += GTransitionAllowed(from, to);
    }
  }
  EXPECT_EQ(allowed, 10);
}

TEST(GStatusTest, NothingLeadsFromOrToAnUnknownState) {
  const auto unknown = static_cast<GStatus>(5);  // Go's _Gmoribund_unused
  for (GStatus s : kAll) {
    EXPECT_FALSE(GTransitionAllowed(unknown, s));
    EXPECT_FALSE(GTransitionAllowed(s, unknown));
  }
}

TEST(GStatusTest, EveryStateIsReachedAndOnlyIdleNeverAgain) {
  for (GStatus to : kAll) {
    bool reached = false;
    for (GStatus from : kAll) reached |= GTransitionAllowed(from, to);
    EXPECT_EQ(reached, to != kIdle) << GStatusText(to);
  }
}

// scheddetail prints the numbers; they are Go's.
TEST(GStatusTest, NumbersAreGos) {
  const uint32_t numbers[] = {0, 1, 2, 3, 4, 6};
  for (int i = 0; i < 6; i++) {
    EXPECT_EQ(static_cast<uint32_t>(kAll[i]), numbers[i]);
  }
  EXPECT_EQ(static_cast<uint32_t>(PStatus::kIdle), 0u);
  EXPECT_EQ(static_cast<uint32_t>(PStatus::kRunning), 1u);
  EXPECT_EQ(static_cast<uint32_t>(PStatus::kSyscall), 2u);
  EXPECT_EQ(static_cast<uint32_t>(PStatus::kGcstop), 3u);
  EXPECT_EQ(static_cast<uint32_t>(PStatus::kDead), 4u);
}

TEST(GStatusTest, TextsAreThoseOfTracebacks) {
  const char* const texts[] = {"idle",    "runnable", "running",
                               "syscall", "waiting",  "dead"};
  for (int i = 0; i < 6; i++) EXPECT_STREQ(GStatusText(kAll[i]), texts[i]);
  EXPECT_STREQ(GStatusText(static_cast<GStatus>(77)), "unknown");
}

}  // namespace
}  // namespace heddle::sched
