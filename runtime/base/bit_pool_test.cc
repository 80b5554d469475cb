#include "heddle/runtime/base/bit_pool.h"

#include <random>
#include <set>

#include "gtest/gtest.h"

namespace heddle::base {
namespace {

TEST(BitPoolTest, TakesTheLeastAndTheGreatest) {
  BitPool pool;
  EXPECT_TRUE(pool.empty());
  pool.Reserve(10'000);
  for (const size_t i : {4096, 0, 63, 64, 9999}) pool.Add(i);
  EXPECT_EQ(pool.size(), 5);
  EXPECT_EQ(pool.First(), 0);
  EXPECT_EQ(pool.Last(), 9999);
  pool.Remove(0);
  pool.Remove(9999);
  EXPECT_EQ(pool.First(), 63);
  EXPECT_EQ(pool.Last(), 4096);
  EXPECT_FALSE(pool.Has(0));
  EXPECT_TRUE(pool.Has(64));
  EXPECT_FALSE(pool.Has(1'000'000));
  EXPECT_EQ(pool.Word(1), 1);
  EXPECT_EQ(pool.Word(1'000'000), 0);
}

TEST(BitPoolTest, IsAsAStdSet) {
  std::mt19937 random(1);
  BitPool pool;
  std::set<size_t> model;
  size_t room = 0;
  for (int i = 0; i < 100'000; i++) {
    if (random() % 1000 == 0) pool.Reserve(room = 1 + 2 * room);
    const unsigned what = random() % 6;
    if (what < 2 && room > 0) {
      const size_t n = random() % room;
      if (!model.insert(n).second) continue;
      pool.Add(n);
    } else if (what == 2 && room > 0) {
      const size_t n = random() % room;
      if (model.erase(n) != 0) pool.Remove(n);
    } else if (what == 5) {
      size_t numbers[100];
      const size_t n = random() % 100;
      const size_t taken = pool.TakeFirst(n, numbers);
      ASSERT_EQ(taken, std::min(n, model.size()));
      for (size_t k = 0; k < taken; k++) {
        ASSERT_EQ(numbers[k], *model.begin());
        model.erase(model.begin());
      }
    } else if (!model.empty()) {
      const size_t n = what == 3 ? *model.begin() : *model.rbegin();
      ASSERT_EQ(what == 3 ? pool.First() : pool.Last(), n);
      pool.Remove(n);
      model.erase(n);
    }
    ASSERT_EQ(pool.size(), model.size());
    if (room > 1'000'000) room /= 2;
  }
}

}  // namespace
}  // namespace heddle::base
