#include "heddle/runtime/sched/scavenge.h"

#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/process_for_test.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/sched_for_test.h"
#include "heddle/runtime/sched/stats.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::sched {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr bool kSanitized = sanitizer::kAsan || sanitizer::kTsan;
constexpr int kMany = kSanitized ? 2'000 : 50'000;

// Has kMany goroutines exist at once, and end, in a Run of its own.
void StartMany(SchedForTest* s) {
  s->Run([] {
    for (int i = 0; i < kMany; i++) GoOnWithStack();
    Gosched();
  });
}

class ScavengeTest : public testing::Test {
 protected:
  // Without sysmon, which would do it meanwhile.
  ScavengeTest() : s_(Options{.procs = 1}) { s_->sysmon_started = true; }

  int64_t StacksWithMemory() {
    const stack::StackPool::Stats stats = s_->stackpool->stats();
    return static_cast<int64_t>(stats.taken_stacks + stats.free_stacks -
                                stats.returned_stacks);
  }

  SchedForTest s_;
};

TEST_F(ScavengeTest, WhatIsNotNeededForAPeriodGoesBack) {
  const int64_t before = os::ResidentBytes();
  StartMany(&s_);
  EXPECT_GE(StacksWithMemory(), kMany);
  const int64_t most = os::ResidentBytes();
  Scavenger scavenger(s_.get());
  int64_t now = os::Nanotime();
  // The first mark finds that all were needed; the second that none is.
  EXPECT_TRUE(scavenger.Step(now, /*busy=*/true));
  EXPECT_GE(StacksWithMemory(), kMany);
  int steps = 0;
  bool more = true;
  while (more) {
    now += kSecond;
    more = scavenger.Step(now, /*busy=*/false);
    ASSERT_LT(steps++, 100'000);
  }
  // But the P's own, and a span's to spare.
  EXPECT_LT(StacksWithMemory(), 200);
  if (!kSanitized) {
    EXPECT_LT(os::ResidentBytes() - before, (most - before) / 10);
  }
  // A busy P makes it look again.
  EXPECT_TRUE(scavenger.Step(now + kSecond, /*busy=*/true));
  // All of it can be used again.
  StartMany(&s_);
  EXPECT_GE(StacksWithMemory(), kMany);
}

TEST_F(ScavengeTest, WhatIsNeededStays) {
  Scavenger scavenger(s_.get());
  int64_t now = os::Nanotime();
  for (int round = 0; round < 5; round++) {
    StartMany(&s_);
    for (int i = 0; i < 3; i++) scavenger.Step(now += kSecond / 4, true);
    now += kSecond / 2;
  }
  EXPECT_GE(StacksWithMemory(), kMany);
}

TEST_F(ScavengeTest, FreeOsMemoryDoesItAtOnce) {
  StartMany(&s_);
  EXPECT_GE(StacksWithMemory(), kMany);
  FreeOsMemory(s_.get());
  EXPECT_LT(StacksWithMemory(), 200);
  s_.Run([] {
    // The calling P's own go too.
    FreeOsMemory(Getm()->sched);
    EXPECT_EQ(Getm()->p->gfree.n(), 0);
  });
  StartMany(&s_);
  EXPECT_GE(ReadStats(s_.get()).goroutines_created, 2u * kMany);
}

// A goroutine that went deep does not leave that to the next one.
TEST_F(ScavengeTest, DeepMemoryIsNotKept) {
  s_->starting_stack_size = size_t{2} << 20;
  static char* deep;
  deep = nullptr;
  s_.Run([] {
    const auto go_deep = [] {
      char* low = reinterpret_cast<char*>(Getg()->stack.hi) - (1 << 20);
      if (deep == nullptr) {
        deep = low;
        *low = 1;
      } else {
        EXPECT_EQ(low, deep);
        EXPECT_EQ(*low, 0);
      }
    };
    for (int i = 0; i < 2; i++) {
      NewProc(Getm()->sched, MakeFuncVal(go_deep), {}, 0);
      GoschedUntil([] { return GCount(Getm()->sched) == 1; });
    }
  });
  EXPECT_NE(deep, nullptr);
}

}  // namespace
}  // namespace heddle::sched
