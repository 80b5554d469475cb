// The seeds are fixed, so these tests give the same result each time; the
// bounds are such that an ideal generator breaks them with one set of seeds in
// a thousand or fewer.

#include "heddle/runtime/base/fast_rand.h"

#include <cstdint>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace heddle::base {
namespace {

std::vector<uint32_t> Draw(uint64_t seed, int n) {
  FastRand random(seed);
  std::vector<uint32_t> numbers;
  for (int i = 0; i < n; i++) numbers.push_back(random.Next());
  return numbers;
}

TEST(FastRandTest, TheSequenceIsAFunctionOfTheSeed) {
  EXPECT_EQ(Draw(1, 100), Draw(1, 100));
  FastRand copied(3);
  copied.Next();
  FastRand copy = copied;
  EXPECT_EQ(copied.Next(), copy.Next());
}

// Seeds that differ by little, as those of Ms do, give unrelated sequences.
TEST(FastRandTest, SeedsGiveDifferentSequences) {
  std::set<std::vector<uint32_t>> sequences;
  for (uint64_t seed = 0; seed < 1'000; seed++) sequences.insert(Draw(seed, 2));
  sequences.insert(Draw(UINT64_MAX, 2));
  EXPECT_EQ(sequences.size(), 1'001u);
}

TEST(FastRandTest, BelowIsInRange) {
  FastRand random(4);
  for (uint32_t n : {1u, 2u, 3u, 7u, 256u, 1000u, UINT32_MAX}) {
    for (int i = 0; i < 1'000; i++) ASSERT_LT(random.Below(n), n);
  }
  EXPECT_EQ(random.Below(0), 0u);
}

TEST(FastRandTest, BelowReachesBothEnds) {
  FastRand random(5);
  std::set<uint32_t> seen;
  for (int i = 0; i < 200; i++) seen.insert(random.Below(3));
  EXPECT_EQ(seen, (std::set<uint32_t>{0, 1, 2}));
}

// Chi-squared over 61 classes: mean 60, standard deviation 11. An ideal
// generator exceeds 127 with probability 1e-6 for each seed.
TEST(FastRandTest, BelowIsUniform) {
  constexpr uint32_t kClasses = 61;
  constexpr int kMean = 1'000;
  for (uint64_t seed : {0, 1, 2, 3, 12345}) {
    FastRand random(seed);
    std::vector<int> count(kClasses);
    for (uint32_t i = 0; i < kClasses * kMean; i++) {
      count[random.Below(kClasses)]++;
    }
    double chi_squared = 0;
    for (int c : count) {
      chi_squared += static_cast<double>((c - kMean) * (c - kMean)) / kMean;
    }
    EXPECT_LT(chi_squared, 127) << "seed " << seed;
    // Nor is it too even to be random (probability 1e-6 below 20).
    EXPECT_GT(chi_squared, 20) << "seed " << seed;
  }
}

// Each bit is set half of the time, and equals its predecessor half of the
// time: 64 counts with a standard deviation of 50, bounds of 5 deviations.
TEST(FastRandTest, EveryBitIsFair) {
  const std::vector<uint32_t> numbers = Draw(6, 10'001);
  for (int bit = 0; bit < 32; bit++) {
    int set = 0, kept = 0;
    for (int i = 1; i <= 10'000; i++) {
      set += numbers[i] >> bit & 1;
      kept += ~(numbers[i] ^ numbers[i - 1]) >> bit & 1;
    }
    EXPECT_NEAR(set, 5'000, 250) << "bit " << bit;
    EXPECT_NEAR(kept, 5'000, 250) << "bit " << bit;
  }
}

// 10,000 of 2^32 numbers: 0.01 pairs expected, so 3 mean a short cycle.
TEST(FastRandTest, NumbersDoNotComeBack) {
  const std::vector<uint32_t> numbers = Draw(7, 10'000);
  EXPECT_GE(std::set<uint32_t>(numbers.begin(), numbers.end()).size(), 9'998u);
}

}  // namespace
}  // namespace heddle::base
