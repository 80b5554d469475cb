#include "runtime/sched/p_mask.h"

#include <cstdint>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/sched/options.h"

namespace heddle::sched {
namespace {

std::vector<int32_t> BitsOf(const PMask& mask) {
  std::vector<int32_t> bits;
  for (int32_t id = 0; id < kMaxProcs; id++) {
    if (mask.Read(id)) bits.push_back(id);
  }
  return bits;
}

TEST(PMaskTest, StartsEmpty) { EXPECT_TRUE(BitsOf(PMask()).empty()); }

TEST(PMaskTest, EachIdHasABitOfItsOwn) {
  PMask mask;
  for (int32_t id = 0; id < kMaxProcs; id++) {
    mask.Set(id);
    ASSERT_EQ(BitsOf(mask), std::vector<int32_t>{id});
    mask.Set(id);  // twice is once
    mask.Clear(id);
    ASSERT_FALSE(mask.Read(id));
  }
  EXPECT_TRUE(BitsOf(mask).empty());
}

TEST(PMaskTest, ClearLeavesTheNeighbours) {
  PMask mask;
  for (int32_t id : {30, 31, 32, 33}) mask.Set(id);
  mask.Clear(31);
  mask.Clear(31);
  EXPECT_EQ(BitsOf(mask), (std::vector<int32_t>{30, 32, 33}));
}

// Two threads that change different bits of one word lose nothing.
TEST(PMaskTest, ChangesOfOneWordDoNotUndoEachOther) {
  PMask mask;
  const auto toggle = [&mask](int32_t id) {
    for (int i = 0; i < 20'000; i++) {
      mask.Set(id);
      ASSERT_TRUE(mask.Read(id));
      mask.Clear(id);
      ASSERT_FALSE(mask.Read(id));
    }
    mask.Set(id);
  };
  std::thread other(toggle, 0);
  toggle(31);
  other.join();
  EXPECT_EQ(BitsOf(mask), (std::vector<int32_t>{0, 31}));
}

}  // namespace
}  // namespace heddle::sched
