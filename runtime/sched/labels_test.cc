#include "heddle/runtime/sched/labels.h"

#include <string>
#include <thread>  // NOLINT
#include <type_traits>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heddle::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Optional;
using ::testing::Pair;

TEST(LabelsTest, None) {
  const Labels none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.size(), 0u);
  EXPECT_EQ(none.begin(), none.end());
  EXPECT_EQ(none.Find("a"), std::nullopt);
  EXPECT_TRUE(none == Labels({}));
  EXPECT_EQ(sizeof(Labels), sizeof(void*));
}

TEST(LabelsTest, SortedByName) {
  const Labels l = {{"b", "2"}, {"a", "1"}, {"c", "3"}};
  EXPECT_FALSE(l.empty());
  EXPECT_EQ(l.size(), 3u);
  EXPECT_THAT(l, ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("c", "3")));
}

TEST(LabelsTest, Find) {
  const Labels l = {{"b", "2"}, {"d", ""}, {"f", "3"}};
  EXPECT_THAT(l.Find("b"), Optional(Eq("2")));
  EXPECT_THAT(l.Find("d"), Optional(Eq("")));
  EXPECT_THAT(l.Find("f"), Optional(Eq("3")));
  for (const char* other : {"", "a", "c", "e", "g", "bb"}) {
    EXPECT_EQ(l.Find(other), std::nullopt) << other;
  }
}

TEST(LabelsTest, TheLastOfANameCounts) {
  const Labels l = {{"a", "1"}, {"b", "2"}, {"a", "3"}, {"a", "4"}, {"c", "5"}};
  EXPECT_THAT(l, ElementsAre(Pair("a", "4"), Pair("b", "2"), Pair("c", "5")));
}

TEST(LabelsTest, TheyAreCopied) {
  std::string name = "name";
  std::string value = "value";
  const Labels l = {{name, value}};
  name = value = "x";
  EXPECT_THAT(l, ElementsAre(Pair("name", "value")));
}

TEST(LabelsTest, With) {
  const Labels a = {{"x", "1"}, {"y", "2"}};
  const Labels b = {{"y", "3"}, {"z", "4"}};
  EXPECT_THAT(a.With(b),
              ElementsAre(Pair("x", "1"), Pair("y", "3"), Pair("z", "4")));
  EXPECT_THAT(a, ElementsAre(Pair("x", "1"), Pair("y", "2")));
  EXPECT_TRUE(a.With({}) == a);
  EXPECT_TRUE(Labels().With(b) == b);
}

TEST(LabelsTest, Equality) {
  const Labels a = {{"x", "1"}};
  EXPECT_TRUE(a == Labels({{"x", "1"}}));
  EXPECT_FALSE(a == Labels({{"x", "2"}}));
  EXPECT_FALSE(a == Labels({{"x", "1"}, {"y", "1"}}));
  EXPECT_FALSE(a == Labels());
}

TEST(LabelsTest, CopiesShare) {
  Labels a = {{"x", "1"}};
  const Labels b = a;
  EXPECT_EQ(b.begin(), a.begin());
  const Labels moved = std::move(a);
  EXPECT_EQ(moved.begin(), b.begin());
  Labels& alias = a = moved;
  alias = a;  // NOLINT: to itself
  EXPECT_THAT(a, ElementsAre(Pair("x", "1")));
  a = {};
  EXPECT_TRUE(a.empty());
  EXPECT_THAT(b, ElementsAre(Pair("x", "1")));
  static_assert(std::is_nothrow_move_constructible_v<Labels>);
}

// For the sanitizers: the last of many threads frees them.
TEST(LabelsTest, FromManyThreads) {
  std::vector<std::thread> threads;
  {
    const Labels l = {{"x", "1"}};
    for (int i = 0; i < 4; i++) {
      threads.emplace_back([l] {
        for (int j = 0; j < 1000; j++) {
          const Labels copy = l;  // NOLINT: that is what is tested
          ASSERT_EQ(copy.size(), 1u);
        }
      });
    }
  }
  for (std::thread& t : threads) t.join();
}

}  // namespace
}  // namespace heddle::sched
