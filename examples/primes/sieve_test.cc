#include "examples/primes/sieve.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle::primes {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<int> Primes(int limit, Options options = {}) {
  std::vector<int> primes;
  // Returns when every goroutine has ended: a filter that is left would hang.
  heddle::Run(options, [&] {
    for (const int prime : PrimesBelow(limit)) primes.push_back(prime);
  });
  return primes;
}

TEST(SieveTest, GivesThePrimesInOrder) {
  EXPECT_THAT(Primes(30), ElementsAre(2, 3, 5, 7, 11, 13, 17, 19, 23, 29));
}

TEST(SieveTest, TheLimitIsNotAmongThem) {
  EXPECT_THAT(Primes(7), ElementsAre(2, 3, 5));
  EXPECT_THAT(Primes(8), ElementsAre(2, 3, 5, 7));
}

TEST(SieveTest, BelowTwoThereAreNone) {
  EXPECT_THAT(Primes(2), IsEmpty());
  EXPECT_THAT(Primes(-1), IsEmpty());
}

TEST(SieveTest, TheOrderIsTheSchedulersNot) {
  const std::vector<int> expected = Primes(500);
  EXPECT_EQ(expected.size(), 95);  // pi(500)
  for (uint64_t seed = 0; seed < 10; seed++) {
    EXPECT_EQ(Primes(500, {.procs = 3, .randomize = true, .seed = seed}),
              expected)
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace heddle::primes
