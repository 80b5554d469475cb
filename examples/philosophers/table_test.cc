#include "examples/philosophers/table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle::philosophers {
namespace {

using ::testing::Each;
using ::testing::SizeIs;

TEST(TableTest, PolitePhilosophersEat) {
  for (const int guests : {2, 5, 50}) {
    for (uint64_t seed = 0; seed < 5; seed++) {
      heddle::Run({.procs = 2, .randomize = true, .seed = seed}, [guests] {
        const std::vector<int> eaten = Dine(guests, 20, Manners::kPolite);
        EXPECT_THAT(eaten, SizeIs(guests));
        EXPECT_THAT(eaten, Each(20));
      });
    }
  }
}

TEST(TableDeathTest, GreedyOnesDoNotAndItIsSaidWhy) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(heddle::Run([] { Dine(5, 1, Manners::kGreedy); }),
               "all goroutines are asleep - deadlock!(.|\n)*"
               "goroutine [0-9]+ .*Plato.*sync.Mutex.Lock");
}

}  // namespace
}  // namespace heddle::philosophers
