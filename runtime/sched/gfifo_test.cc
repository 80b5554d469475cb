#include "heddle/runtime/sched/gfifo.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/sched/gqueue.h"
#include "heddle/runtime/sched/mmap_for_test.h"
#include "heddle/runtime/sched/runq.h"

namespace heddle::sched {
namespace {

class GFifoTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kMany = 2 * GFifo::kLong;

  GFifoTest() : gs_(kMany) {}

  GFifo fifo_;
  std::deque<G> gs_;
};

TEST_F(GFifoTest, FirstInFirstOut) {
  EXPECT_TRUE(fifo_.empty());
  EXPECT_EQ(fifo_.Pop(), nullptr);
  // Over the ends of chunks, and again with those that it has.
  for (int round = 0; round < 3; round++) {
    for (G& g : gs_) fifo_.PushBack(&g);
    EXPECT_EQ(fifo_.size(), kMany);
    for (G& g : gs_) ASSERT_EQ(fifo_.Pop(), &g);
    EXPECT_TRUE(fifo_.empty());
    EXPECT_EQ(fifo_.Pop(), nullptr);
  }
}

TEST_F(GFifoTest, AllAtTheBeginning) {
  const auto add = [this](size_t from, size_t to) {
    GQueue<G> batch;
    for (size_t i = from; i < to; i++) batch.PushBack(&gs_[i]);
    fifo_.PushFrontAll(&batch);
    EXPECT_TRUE(batch.empty());
  };
  add(0, 0);
  EXPECT_TRUE(fifo_.empty());
  add(4900, 5000);  // where there is none
  add(100, 4900);   // before others, in more than a chunk
  EXPECT_EQ(fifo_.Pop(), &gs_[100]);
  add(99, 101);  // before a chunk that has begun
  add(0, 99);
  fifo_.PushBack(&gs_[5000]);
  EXPECT_EQ(fifo_.size(), 5001u);
  for (size_t i = 0; i <= 5000; i++) ASSERT_EQ(fifo_.Pop(), &gs_[i]);
  // And where one was that is empty.
  add(5, 7);
  fifo_.PushBack(&gs_[7]);
  for (size_t i = 5; i <= 7; i++) EXPECT_EQ(fifo_.Pop(), &gs_[i]);
  EXPECT_TRUE(fifo_.empty());
}

// Without memory from the start, and once there is some again.
TEST_F(GFifoTest, WithoutMemory) {
  mmap_fails = true;
  fifo_.PushBack(&gs_[0]);
  fifo_.PushBack(&gs_[1]);
  mmap_fails = false;
  fifo_.PushBack(&gs_[2]);
  for (int i = 0; i < 3; i++) EXPECT_EQ(fifo_.Pop(), &gs_[i]);
  EXPECT_TRUE(fifo_.empty());
}

// With and without memory, and with some left at its end.
TEST_F(GFifoTest, BehavesAsADeque) {
  base::FastRand random(1);
  std::deque<G*> model;
  std::deque<G*> others;
  for (G& g : gs_) others.push_back(&g);
  const auto take = [](std::deque<G*>* from) {
    G* const gp = from->front();
    from->pop_front();
    return gp;
  };
  for (int step = 0; step < 4000; step++) {
    mmap_fails = random.Below(8) == 0;
    // Mostly few, sometimes many.
    const uint32_t n = random.Below(step % 50 == 0 ? kMany / 4 : 900);
    switch (random.Below(7)) {
      case 0: {
        GQueue<G> batch;
        for (uint32_t i = 0; i < n && !others.empty(); i++) {
          model.push_front(take(&others));
          batch.Push(model.front());
        }
        fifo_.PushFrontAll(&batch);
        break;
      }
      case 1:
      case 2:
        for (uint32_t i = 0; i < n && !others.empty(); i++) {
          model.push_back(take(&others));
          fifo_.PushBack(model.back());
        }
        break;
      case 3: {
        std::vector<G*> batch;
        while (batch.size() < n && !others.empty()) {
          batch.push_back(take(&others));
        }
        fifo_.PushBack(batch.data(), static_cast<uint32_t>(batch.size()));
        model.insert(model.end(), batch.begin(), batch.end());
        break;
      }
      case 4: {
        Runq<G> to;
        const uint32_t moved = fifo_.MoveTo(&to, n);
        ASSERT_EQ(moved,
                  std::min({size_t{n}, model.size(), size_t{kRunqSize}}));
        ASSERT_EQ(to.size(), moved);
        while (G* gp = to.Get().gp) {
          ASSERT_EQ(gp, model.front());
          others.push_back(take(&model));
        }
        break;
      }
      default:
        for (uint32_t i = 0; i < n && !model.empty(); i++) {
          ASSERT_EQ(fifo_.Pop(), model.front());
          others.push_back(take(&model));
        }
    }
    ASSERT_EQ(fifo_.size(), model.size());
  }
  mmap_fails = false;
}

}  // namespace
}  // namespace heddle::sched
