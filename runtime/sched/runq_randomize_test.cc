// Options::randomize: Go's randomizeScheduler, as far as the run queue goes.
// The seeds are fixed, so these tests give the same result each time; the
// bounds are such that a fair generator breaks them with one seed in a million.

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/sched/gqueue.h"
#include "heddle/runtime/sched/runq.h"

namespace heddle::sched {
namespace {

struct Node {
  Node* schedlink = nullptr;
  int id = 0;
};

// The ids of the batch that a full queue overflows with.
template <uint32_t kSize>
std::vector<int> OverflowOnce(base::FastRand* random) {
  Runq<Node, kSize> q;
  Node nodes[kSize + 1];
  std::vector<int> ids;
  for (uint32_t i = 0; i <= kSize; i++) {
    nodes[i].id = static_cast<int>(i);
    q.Put(&nodes[i], false, random, [&ids](Node* const* batch, uint32_t n) {
      for (uint32_t k = 0; k < n; k++) ids.push_back(batch[k]->id);
    });
  }
  EXPECT_EQ(q.size(), kSize / 2);
  return ids;
}

// Whether each of `n` nodes that were put as runnext became it.
std::vector<bool> NextTaken(uint64_t seed, int n) {
  base::FastRand random(seed);
  Runq<Node, 4> q;
  Node node;
  std::vector<bool> taken;
  for (int i = 0; i < n; i++) {
    q.Put(&node, true, &random, [](Node* const*, uint32_t) { FAIL(); });
    taken.push_back(q.size() == 0);
    const RunqGetResult<Node> got = q.Get();
    EXPECT_EQ(got.gp, &node);
    EXPECT_EQ(got.inherit_time, taken.back());
  }
  return taken;
}

TEST(RunqRandomizeTest, RunnextIsIgnoredHalfOfTheTime) {
  for (uint64_t seed : {0, 1, 2, 3}) {
    const std::vector<bool> taken = NextTaken(seed, 10'000);
    // Standard deviation 50; five of them.
    EXPECT_NEAR(std::count(taken.begin(), taken.end(), true), 5'000, 250);
  }
}

TEST(RunqRandomizeTest, ChoicesAreAFunctionOfTheSeed) {
  EXPECT_EQ(NextTaken(1, 200), NextTaken(1, 200));
  EXPECT_NE(NextTaken(1, 200), NextTaken(2, 200));
  base::FastRand a(5), b(5), c(6);
  const std::vector<int> batch = OverflowOnce<256>(&a);
  EXPECT_EQ(batch, OverflowOnce<256>(&b));
  EXPECT_NE(batch, OverflowOnce<256>(&c));
}

TEST(RunqRandomizeTest, ANodeForTheTailGoesThereAndDrawsNoNumber) {
  base::FastRand random(9), same(9);
  Runq<Node, 4> q;
  Node node;
  for (int i = 0; i < 100; i++) {
    q.Put(&node, false, &random, [](Node* const*, uint32_t) { FAIL(); });
    ASSERT_FALSE(q.Get().inherit_time);
  }
  EXPECT_EQ(random.Next(), same.Next());
}

TEST(RunqRandomizeTest, TheBatchIsAPermutation) {
  base::FastRand random(7);
  std::vector<int> in_order = OverflowOnce<256>(nullptr);
  std::vector<int> batch = OverflowOnce<256>(&random);
  EXPECT_NE(batch, in_order);
  std::sort(in_order.begin(), in_order.end());
  std::sort(batch.begin(), batch.end());
  EXPECT_EQ(batch, in_order);
}

// A batch of three: each of the six orders comes as often as the others.
TEST(RunqRandomizeTest, EveryPermutationIsAsLikely) {
  base::FastRand random(11);
  std::map<std::vector<int>, int> seen;
  for (int i = 0; i < 6'000; i++) seen[OverflowOnce<4>(&random)]++;
  EXPECT_EQ(seen.size(), 6u);
  for (const auto& [order, times] : seen) {
    EXPECT_NEAR(times, 1'000, 150);  // standard deviation 29
  }
}

}  // namespace
}  // namespace heddle::sched
