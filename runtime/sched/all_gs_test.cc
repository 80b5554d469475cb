#include "heddle/runtime/sched/all_gs.h"

#include <cstring>
#include <set>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/os/process_for_test.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/stack/memory.h"

namespace heddle::sched {
namespace {

constexpr size_t kMany = 64 * 7 + 1;  // into the fourth chunk

std::vector<G*> NewDead(AllGs* all, size_t n) {
  std::vector<G*> gs;
  for (size_t i = 0; i < n; i++) {
    gs.push_back(all->New());
    CasGStatus(gs.back(), GStatus::kIdle, GStatus::kDead);
  }
  return gs;
}

TEST(AllGsTest, KeepsTheOrder) {
  AllGs all;
  EXPECT_EQ(all.size(), 0);
  for (size_t i = 0; i < kMany; i++) {
    G* gp = all.New();
    ASSERT_EQ(all.size(), i + 1);
    EXPECT_EQ(all[i], gp);
    EXPECT_EQ(ReadGStatus(gp), GStatus::kIdle);
  }
  std::set<G*> different;
  for (size_t i = 0; i < kMany; i++) different.insert(all[i]);
  EXPECT_EQ(different.size(), kMany);
}

TEST(AllGsTest, IsReadWhileItGrows) {
  AllGs all;
  std::thread reader([&] {
    size_t n = 0;
    while (n < kMany) {
      n = all.size();
      for (size_t i = 0; i < n; i++) {
        ASSERT_EQ(ReadGStatus(all[i]), GStatus::kIdle) << i;
      }
    }
  });
  for (size_t i = 0; i < kMany; i++) all.New();
  reader.join();
}

// What lets memory that was given back be one.
TEST(AllGsTest, AGInItsFirstStateIsAllZeros) {
  AllGs all;
  const G* gp = all.New();
  const std::vector<char> zeros(sizeof(G));
  EXPECT_EQ(memcmp(static_cast<const void*>(gp), zeros.data(), sizeof(G)), 0);
}

TEST(AllGsTest, KnowsTheNumbers) {
  AllGs all;
  for (size_t i = 0; i < kMany; i++) EXPECT_EQ(all.IndexOf(all.New()), i);
}

TEST(AllGsTest, WhatWasGivenBackKeepsNothing) {
  AllGs all;
  G* gp = NewDead(&all, AllGs::kBlock)[7];
  gp->labels = Labels({{"name", "value"}});
  Extra(gp)->name = "a name that is too long for a string's own buffer";
  all.GiveBack(0);
  EXPECT_EQ(ReadGStatus(gp), GStatus::kIdle);
  EXPECT_TRUE(gp->labels.empty());
  EXPECT_EQ(gp->extra, nullptr);
}

TEST(AllGsTest, MemoryGoesBackAndComesAgain) {
  constexpr size_t kBlocks = 1000;
  AllGs all;
  std::vector<G*> gs = NewDead(&all, AllGs::kBlock * kBlocks);
  for (G* gp : gs) gp->goid = 1;
  const int64_t before = os::ResidentBytes();
  for (size_t block = 1; block < kBlocks; block++) all.GiveBack(block);
  constexpr size_t kBytes = AllGs::kBlock * sizeof(G);
  if (kBytes % stack::PageSize() == 0 && !sanitizer::kAsan &&
      !sanitizer::kTsan) {
    EXPECT_LT(os::ResidentBytes(),
              before - static_cast<int64_t>(kBytes * kBlocks * 9 / 10));
  }
  size_t used = 0;
  all.ForEachUsed([&](G*) { used++; });
  EXPECT_EQ(used, AllGs::kBlock);
  // They can be looked at all the same.
  for (size_t i = 0; i < all.size(); i++) {
    ASSERT_EQ(ReadGStatus(all[i]),
              i < AllGs::kBlock ? GStatus::kDead : GStatus::kIdle);
  }
  for (size_t block = 1; block < kBlocks; block++) all.TakeBack(block);
  for (G* gp : gs) gp->goid = 2;
  used = 0;
  all.ForEachUsed([&](G*) { used++; });
  EXPECT_EQ(used, gs.size());
}

TEST(AllGsDeathTest, GiveBackOfWhatIsInUse) {
  AllGs all;
  std::vector<G*> gs = NewDead(&all, AllGs::kBlock);
  CasGStatus(gs[9], GStatus::kDead, GStatus::kRunnable);
  EXPECT_DEATH(all.GiveBack(0), "allgs: free of a goroutine that is in use");
}

TEST(AllGsDeathTest, TheNumberOfAnothers) {
  AllGs all;
  all.New();
  AllGs other;
  EXPECT_DEATH(all.IndexOf(other.New()), "allgs: another runtime's goroutine");
}

}  // namespace
}  // namespace heddle::sched
