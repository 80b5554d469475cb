#include "heddle/runtime/base/relaxed.h"

#include <cstdint>
#include <thread>  // NOLINT

#include "gtest/gtest.h"

namespace heddle::base {
namespace {

TEST(RelaxedTest, StandsForItsValue) {
  Relaxed<int32_t> n;
  EXPECT_EQ(n, 0);
  n = n + 1;
  const int32_t copy = n;
  EXPECT_EQ(copy, 1);
  EXPECT_EQ(n.get(), 1);
  Relaxed<bool> b{true};
  EXPECT_TRUE(b);
  b = false;
  EXPECT_TRUE(!b);
}

TEST(RelaxedTest, OfAPointer) {
  struct S {
    int x;
  } s = {3};
  Relaxed<S*> p{nullptr};
  EXPECT_TRUE(p == nullptr);
  p = &s;
  EXPECT_TRUE(p == &s);
  EXPECT_EQ(p->x, 3);
}

// A plain variable here would be a report of TSan's.
TEST(RelaxedTest, AnotherThreadMayLook) {
  Relaxed<int32_t> n{0};
  std::thread looker([&n] {
    int32_t last = 0;
    while (last < 1000) {
      const int32_t now = n;
      ASSERT_GE(now, last);
      last = now;
    }
  });
  for (int32_t i = 1; i <= 1000; i++) n = i;
  looker.join();
}

TEST(RelaxedTest, Size) { EXPECT_EQ(sizeof(Relaxed<void*>), sizeof(void*)); }

}  // namespace
}  // namespace heddle::base
