#include "heddle/runtime/sched/p_mask.h"

#include <sched.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/sched/options.h"

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

// Moves the thread to the first or the last CPU that it may use, so that two
// threads do not just take turns on one.
void MoveToCpu(bool last) {
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  int chosen = -1;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (CPU_ISSET(cpu, &allowed) && (chosen < 0 || last)) chosen = cpu;
  }
  CPU_ZERO(&one);
  CPU_SET(chosen, &one);
  sched_setaffinity(0, sizeof one, &one);
}

// Two threads that change different bits of one word lose nothing.
TEST(PMaskTest, ChangesOfOneWordDoNotUndoEachOther) {
  PMask mask;
  std::atomic<int> started{0};
  const auto toggle = [&](int32_t id) {
    MoveToCpu(/*last=*/id != 0);
    started.fetch_add(1, std::memory_order_relaxed);
    while (started.load(std::memory_order_relaxed) < 2) {
      std::this_thread::yield();
    }
    int lost = 0;
    for (int i = 0; i < 100'000; i++) {
      mask.Set(id);
      lost += !mask.Read(id);
      mask.Clear(id);
      lost += mask.Read(id);
    }
    EXPECT_EQ(lost, 0);
    mask.Set(id);
  };
  std::thread low(toggle, 0), high(toggle, 31);
  low.join();
  high.join();
  EXPECT_EQ(BitsOf(mask), (std::vector<int32_t>{0, 31}));
}

}  // namespace
}  // namespace heddle::sched
