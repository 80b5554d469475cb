#include "heddle/runtime/os/recent_time.h"

#include <cstdint>

#include "gtest/gtest.h"
#include "heddle/runtime/os/clock.h"

namespace heddle::os {
namespace {

TEST(RecentTimeTest, IsTheTimeOrALittleLater) {
  RecentTime recent;
  for (int i = 0; i < 100'000; i++) {
    const int64_t before = Nanotime();
    const int64_t time = recent.NowOrLater();
    const int64_t after = Nanotime();
    ASSERT_GE(time, before);
    ASSERT_LT(time, after + RecentTime::kMostAhead);
  }
}

// Also without the clock in between, when it is the counter that tells.
TEST(RecentTimeTest, ManyInARow) {
  RecentTime recent;
  for (int i = 0; i < 1000; i++) {
    const int64_t before = Nanotime();
    int64_t time = 0;
    for (int j = 0; j < 100; j++) time = recent.NowOrLater();
    ASSERT_GE(time, before);
    ASSERT_LT(time, Nanotime() + RecentTime::kMostAhead);
  }
}

TEST(RecentTimeTest, AfterALongTime) {
  RecentTime recent;
  recent.NowOrLater();
  Usleep(1000);
  const int64_t before = Nanotime();
  EXPECT_GE(recent.NowOrLater(), before);
}

}  // namespace
}  // namespace heddle::os
