#include "heddle/runtime/sched/random_order.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace heddle::sched {
namespace {

std::vector<uint32_t> Walk(RandomOrder::Enum e) {
  std::vector<uint32_t> positions;
  for (; !e.Done(); e.Next()) positions.push_back(e.Position());
  return positions;
}

// Go's TestStealOrder: with any number of Ps, every walk comes by each of them
// once, and the walks differ.
TEST(RandomOrderTest, EveryWalkVisitsEachPOnce) {
  RandomOrder order;
  for (uint32_t procs = 1; procs <= 64; procs++) {
    order.Reset(procs);
    const uint32_t coprimes = order.number_of_coprimes();
    EXPECT_GE(coprimes, procs >= 3 ? 2u : 1u) << procs;
    // A walk is known by its first two steps.
    std::set<std::pair<uint32_t, uint32_t>> walks;
    for (uint32_t r = 0; r < procs * coprimes; r++) {
      const std::vector<uint32_t> walk = Walk(order.Start(r));
      ASSERT_EQ(walk.size(), procs);
      std::vector<bool> visited(procs);
      for (uint32_t p : walk) {
        ASSERT_LT(p, procs);
        ASSERT_FALSE(visited[p]);
        visited[p] = true;
      }
      walks.insert({walk[0], walk[procs > 1]});
    }
    EXPECT_EQ(walks.size(), size_t{procs} * coprimes) << procs;
  }
}

TEST(RandomOrderTest, CoprimesAreAsManyAsEulerSays) {
  RandomOrder order;
  for (uint32_t procs = 1; procs <= 64; procs++) {
    // phi(n) = n * product over the primes p that divide n of (1 - 1/p).
    uint32_t phi = procs, rest = procs;
    for (uint32_t p = 2; p <= rest; p++) {
      if (rest % p != 0) continue;
      phi = phi / p * (p - 1);
      while (rest % p == 0) rest /= p;
    }
    order.Reset(procs);
    EXPECT_EQ(order.number_of_coprimes(), phi) << procs;
  }
}

TEST(RandomOrderTest, LargeRandomNumbersAreInRange) {
  RandomOrder order;
  for (uint32_t procs : {1u, 2u, 3u, 60u, 1023u, 1024u}) {
    order.Reset(procs);
    for (uint32_t r : {UINT32_MAX, UINT32_MAX - 1, UINT32_MAX / 2 + 1}) {
      const std::vector<uint32_t> walk = Walk(order.Start(r));
      EXPECT_EQ(std::set<uint32_t>(walk.begin(), walk.end()).size(), procs);
      EXPECT_LT(*std::max_element(walk.begin(), walk.end()), procs);
    }
  }
}

TEST(RandomOrderTest, StartsEverywhere) {
  RandomOrder order;
  order.Reset(7);
  std::set<uint32_t> starts;
  for (uint32_t r = 0; r < 7; r++) starts.insert(order.Start(r).Position());
  EXPECT_EQ(starts.size(), 7u);
}

TEST(RandomOrderTest, ResetForgetsTheFormerCount) {
  RandomOrder order;
  order.Reset(64);
  order.Reset(3);
  EXPECT_EQ(order.number_of_coprimes(), 2u);
  EXPECT_EQ(Walk(order.Start(12345)).size(), 3u);
}

TEST(RandomOrderTest, NoPsNoWalk) {
  RandomOrder order;
  EXPECT_TRUE(order.Start(5).Done());
  order.Reset(0);
  EXPECT_TRUE(order.Start(5).Done());
  EXPECT_TRUE(RandomOrder::Enum().Done());
}

}  // namespace
}  // namespace heddle::sched
