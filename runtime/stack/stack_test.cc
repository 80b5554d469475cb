#include "heddle/runtime/stack/stack.h"

#include "gtest/gtest.h"

namespace heddle::stack {
namespace {

TEST(Round2, GivesTheNextPowerOfTwo) {
  EXPECT_EQ(Round2(0), 1u);
  EXPECT_EQ(Round2(1), 1u);
  EXPECT_EQ(Round2(3), 4u);
  EXPECT_EQ(Round2(4096), 4096u);
  EXPECT_EQ(Round2(4097), 8192u);
  EXPECT_EQ(Round2((size_t{1} << 62) + 1), size_t{1} << 63);
}

TEST(Order, AndSizeAreInverse) {
  EXPECT_EQ(OrderOf(kMinStack), 0);
  EXPECT_EQ(OrderOf(kMaxSmallStack), kNumOrders - 1);
  for (int order = 0; order < kNumOrders; order++) {
    EXPECT_EQ(OrderOf(SizeOf(order)), order);
  }
  EXPECT_EQ(SizeOf(kNumOrders - 1), kMaxSmallStack);
}

TEST(Stack, NoneIsFalse) {
  EXPECT_FALSE(Stack{});
  EXPECT_TRUE((Stack{4096, 8192}));
  EXPECT_EQ((Stack{4096, 8192}.size()), 4096u);
}

}  // namespace
}  // namespace heddle::stack
