#include "runtime/sched/all_gs.h"

#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "runtime/sched/g.h"

namespace heddle::sched {
namespace {

constexpr size_t kMany = 64 * 7 + 1;  // into the fourth chunk

TEST(AllGsTest, KeepsTheOrder) {
  std::vector<G> gs(kMany);
  AllGs all;
  EXPECT_EQ(all.size(), 0);
  for (size_t i = 0; i < kMany; i++) {
    all.Append(&gs[i]);
    EXPECT_EQ(all.size(), i + 1);
  }
  for (size_t i = 0; i < kMany; i++) EXPECT_EQ(all[i], &gs[i]) << i;
}

TEST(AllGsTest, IsReadWhileItGrows) {
  std::vector<G> gs(kMany);
  AllGs all;
  std::thread reader([&] {
    size_t n = 0;
    while (n < kMany) {
      n = all.size();
      for (size_t i = 0; i < n; i++) ASSERT_EQ(all[i], &gs[i]) << i;
    }
  });
  for (G& gp : gs) all.Append(&gp);
  reader.join();
}

}  // namespace
}  // namespace heddle::sched
