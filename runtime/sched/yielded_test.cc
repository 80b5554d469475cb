#include "runtime/sched/yielded.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"

namespace heddle::sched {
namespace {

constexpr uint32_t kAll = std::numeric_limits<uint32_t>::max();

class YieldListTest : public ::testing::TestWithParam<bool> {
 protected:
  YieldListTest() {
    list_.set_alone(GetParam());
    for (int i = 0; i < 10; i++) gs_.emplace_back();
  }

  YieldList list_;
  std::deque<G> gs_;
};

INSTANTIATE_TEST_SUITE_P(Alone, YieldListTest, ::testing::Bool());

TEST_P(YieldListTest, FirstInFirstOut) {
  EXPECT_TRUE(list_.Empty());
  for (G& g : gs_) list_.Put(&g);
  EXPECT_FALSE(list_.Empty());
  EXPECT_EQ(list_.size(), 10u);

  GQueue<G> out;
  EXPECT_EQ(list_.Take(&out, 3), 3u);
  EXPECT_EQ(list_.size(), 7u);
  EXPECT_EQ(list_.Take(&out, kAll), 7u);
  EXPECT_TRUE(list_.Empty());
  for (G& g : gs_) EXPECT_EQ(out.Pop(), &g);
  EXPECT_EQ(out.Pop(), nullptr);
}

TEST_P(YieldListTest, TakesBehindWhatIsThere) {
  GQueue<G> out;
  EXPECT_EQ(list_.Take(&out, 1), 0u);
  EXPECT_TRUE(out.empty());
  out.PushBack(&gs_[0]);
  list_.Put(&gs_[1]);
  EXPECT_EQ(list_.Take(&out, kAll), 1u);
  EXPECT_EQ(out.Pop(), &gs_[0]);
  EXPECT_EQ(out.Pop(), &gs_[1]);
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
    GQueue<G> out;
    list.Take(&out, max);
    while (G* gp = out.Pop()) taken[gp->goid]++;
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
  take(kAll);
  for (int i = 0; i < kGs; i++) EXPECT_EQ(taken[i], 1) << i;
}

}  // namespace
}  // namespace heddle::sched
