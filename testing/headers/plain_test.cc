// Code without RTTI, or exceptions, works with heddle, which has both.

#include "heddle/testing/headers/plain.h"

#include "gtest/gtest.h"

namespace heddle::testing {
namespace {

TEST(PlainTest, Works) {
  heddle::Run([] {
    EXPECT_EQ(SumOverChan(100), 5050);
    EXPECT_EQ(SumBySelect(100), 5050);
    EXPECT_EQ(SumUnderMutex(100), 5050);
    EXPECT_EQ(FailsInAGroup(), absl::DataLossError("one"));
  });
}

TEST(PlainTest, HasTheSameContextValuesAsCodeWithRtti) {
  const Context root = Context::Background();
  EXPECT_EQ(NumberOf(root), nullptr);
  EXPECT_EQ(NumberOf(WithNumber(root, 1))->n, 1);
  EXPECT_EQ(NumberOf(WithValue(root, Number{2}))->n, 2);
  EXPECT_EQ(WithNumber(root, 3).Value<Number>()->n, 3);
  EXPECT_EQ(WithNumber(root, 3).Value<int>(), nullptr);
}

TEST(PlainTest, CatchesExceptionsWithoutRtti) {
  EXPECT_TRUE(CatchesClosedChannel());
}

TEST(PlainDeathTest, AnExceptionEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(heddle::Run([] { Go(SendsOnAClosedChannel); }),
               "panic: send on closed channel");
  EXPECT_DEATH(heddle::Run([] { SendsOnAClosedChannelInAGroup(); }),
               "panic: send on closed channel");
}

}  // namespace
}  // namespace heddle::testing
