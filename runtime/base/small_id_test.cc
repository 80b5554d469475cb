#include "heddle/runtime/base/small_id.h"

#include <cstdint>
#include <deque>
#include <set>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"

namespace heddle::base {
namespace {

TEST(SmallIdTest, TheLowestThatIsFree) {
  const SmallId a;
  {
    const SmallId b;
    EXPECT_EQ(a.value(), 0);
    EXPECT_EQ(b.value(), 1);
  }
  const SmallId c;
  EXPECT_EQ(c.value(), 1);
}

TEST(SmallIdTest, NoneIfAllAreGivenOut) {
  std::deque<SmallId> all(SmallId::Limit());
  std::set<int32_t> values;
  for (const SmallId& id : all) values.insert(id.value());
  EXPECT_EQ(values.size(), all.size());
  EXPECT_EQ(*values.begin(), 0);
  EXPECT_EQ(*values.rbegin(), SmallId::Limit() - 1);
  {
    const SmallId none;
    EXPECT_FALSE(none);
    EXPECT_LT(none.value(), 0);
  }
  all.pop_front();
  const SmallId first;
  EXPECT_EQ(first.value(), 0);
}

// A place belongs to one at a time, with all that was written to it.
TEST(SmallIdTest, ManyThreads) {
  std::vector<int64_t> places(SmallId::Limit());
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&places] {
      for (int i = 0; i < 10'000; i++) {
        const SmallId id;
        places[id.value()]++;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  int64_t sum = 0;
  for (const int64_t n : places) sum += n;
  EXPECT_EQ(sum, 40'000);
}

}  // namespace
}  // namespace heddle::base
