#include "heddle/runtime/sched/yielded.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"

namespace heddle::sched {
namespace {

class YieldListTest : public ::testing::TestWithParam<bool> {
 protected:
  YieldListTest() {
    list_.set_alone(GetParam());
    for (int i = 0; i < 10; i++) gs_.emplace_back();
  }

  YieldList list_;
  Runq<G> to_;
  std::deque<G> gs_;
};

INSTANTIATE_TEST_SUITE_P(Alone, YieldListTest, ::testing::Bool());

TEST_P(YieldListTest, FirstInFirstOut) {
  EXPECT_TRUE(list_.Empty());
  EXPECT_EQ(list_.TakeOldest(), nullptr);
  for (G& g : gs_) list_.Put(&g);
  EXPECT_FALSE(list_.Empty());
  EXPECT_EQ(list_.size(), 10u);

  EXPECT_EQ(list_.TakeOldest(), &gs_[0]);
  EXPECT_EQ(list_.size(), 9u);
  EXPECT_EQ(list_.MoveTo(&to_, 3), 3u);
  EXPECT_EQ(list_.size(), 6u);
  EXPECT_EQ(list_.MoveTo(&to_, kRunqSize), 6u);
  EXPECT_TRUE(list_.Empty());
  EXPECT_EQ(list_.MoveTo(&to_, 1), 0u);
  for (int i = 1; i < 10; i++) EXPECT_EQ(to_.Get().gp, &gs_[i]);
  EXPECT_EQ(to_.Get().gp, nullptr);
}

// Behind what is there, as far as there is room.
TEST_P(YieldListTest, WhatFindsNoRoomStays) {
  std::deque<G> others(kRunqSize - 4);
  for (G& g : others) ASSERT_TRUE(to_.TryPutTail(&g));
  for (G& g : gs_) list_.Put(&g);
  EXPECT_EQ(list_.MoveTo(&to_, 100), 4u);
  EXPECT_EQ(list_.size(), 6u);
  for (G& g : others) EXPECT_EQ(to_.Get().gp, &g);
  for (int i = 0; i < 4; i++) EXPECT_EQ(to_.Get().gp, &gs_[i]);
  for (int i = 4; i < 10; i++) EXPECT_EQ(list_.TakeOldest(), &gs_[i]);
}

// An owner and two thieves: each goroutine is taken once.
TEST(YieldListThreadsTest, EachIsTakenOnce) {
  constexpr int kGs = 20'000;
  YieldList list;
  std::deque<G> gs(kGs);
  std::vector<std::atomic<int>> taken(kGs);
  for (int i = 0; i < kGs; i++) gs[i].goid = static_cast<uint64_t>(i);
  std::atomic<bool> done{false};
  const auto take = [&](uint32_t max) {
    if (G* gp = list.TakeOldest(); gp != nullptr) taken[gp->goid]++;
    Runq<G> to;
    list.MoveTo(&to, max);
    while (G* gp = to.Get().gp) taken[gp->goid]++;
  };
  std::vector<std::thread> thieves;
  for (int t = 0; t < 2; t++) {
    thieves.emplace_back([&] {
      while (!done) take((list.size() + 1) / 2);
    });
  }
  for (G& g : gs) {
    list.Put(&g);
    if (g.goid % 64 == 0) take(7);
  }
  done = true;
  for (std::thread& t : thieves) t.join();
  while (!list.Empty()) take(kRunqSize);
  for (int i = 0; i < kGs; i++) EXPECT_EQ(taken[i], 1) << i;
}

}  // namespace
}  // namespace heddle::sched
