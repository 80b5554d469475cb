#include "heddle/runtime/sched/timer_heap.h"

#include <cstdint>
#include <map>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/base/fast_rand.h"

namespace heddle::sched {
namespace {

// Where each thing is, as the heap says.
std::vector<uint32_t>* places = nullptr;

struct NotePlace {
  void operator()(uintptr_t what, uint32_t index) const {
    if (places->size() <= what) places->resize(what + 1);
    (*places)[what] = index;
  }
};

using Heap = TimerHeap<NotePlace>;

class TimerHeapTest : public testing::Test {
 protected:
  TimerHeapTest() { places = &places_; }
  ~TimerHeapTest() override { places = nullptr; }

  // No child is due before its parent, and each is where it was said to be.
  void Check() {
    for (uint32_t i = 0; i < heap_.size(); i++) {
      ASSERT_EQ(places_[heap_[i].what], i);
      if (i > 0) {
        ASSERT_LE(heap_[(i - 1) / 4].when, heap_[i].when) << i;
      }
    }
  }

  std::vector<uint32_t> places_;
  Heap heap_;
};

TEST_F(TimerHeapTest, PopsInOrder) {
  for (const int64_t when : {5, 3, 9, 1, 4, 1, 8, 7, 2, 6, 0}) {
    heap_.Push({when, static_cast<uintptr_t>(when)});
  }
  for (const int64_t when : {0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
    EXPECT_EQ(heap_.top().when, when);
    EXPECT_EQ(heap_.Pop().when, when);
  }
  EXPECT_TRUE(heap_.empty());
}

TEST_F(TimerHeapTest, HoldsTheLargestAndTheSmallestTimes) {
  heap_.Push({INT64_MAX, 0});
  heap_.Push({INT64_MIN, 1});
  heap_.Push({0, 2});
  EXPECT_EQ(heap_.Pop().what, 1u);
  EXPECT_EQ(heap_.Pop().what, 2u);
  EXPECT_EQ(heap_.Pop().what, 0u);
}

// Random operations, beside a std::multimap.
TEST_F(TimerHeapTest, DoesAsAMultimap) {
  base::FastRand random(1);
  std::multimap<int64_t, uintptr_t> model;
  std::map<uintptr_t, std::multimap<int64_t, uintptr_t>::iterator> all;
  uintptr_t next = 0;
  const auto any = [&] {
    const uint32_t i = random.Below(heap_.size());
    return heap_[i].what;
  };
  for (int step = 0; step < 30'000; step++) {
    // It grows to some thousands, and shrinks to nothing, in turn.
    const bool grows = step / 5000 % 2 == 0;
    const uint32_t choice = random.Below(grows ? 10 : 12);
    const auto when = static_cast<int64_t>(random.Below(1000));
    if (choice < (grows ? 6 : 2) || heap_.empty()) {
      heap_.Push({when, next});
      all[next] = model.emplace(when, next);
      next++;
    } else if (choice < 8) {
      const auto what = any();
      heap_.Move(places_[what], when);
      model.erase(all[what]);
      all[what] = model.emplace(when, what);
    } else if (choice < 9) {
      const auto what = any();
      heap_.Remove(places_[what]);
      model.erase(all[what]);
      all.erase(what);
    } else {
      // Any of those that are due first.
      ASSERT_EQ(heap_.top().when, model.begin()->first);
      const Heap::Entry entry = heap_.Pop();
      ASSERT_EQ(all.count(entry.what), 1u);
      ASSERT_EQ(all[entry.what]->first, entry.when);
      ASSERT_EQ(model.begin()->first, entry.when);
      model.erase(all[entry.what]);
      all.erase(entry.what);
    }
    ASSERT_EQ(heap_.size(), model.size());
    if (step % 97 == 0) Check();
    heap_.Shrink();
  }
  while (!heap_.empty()) {
    ASSERT_EQ(heap_.Pop().when, model.begin()->first);
    model.erase(model.begin());
  }
}

// Children lie in one cache line.
TEST_F(TimerHeapTest, SiblingsShareALine) {
  for (int i = 0; i < 1000; i++) heap_.Push({i, 0});
  for (uint32_t first = 1; first + 3 < heap_.size(); first += 4) {
    ASSERT_EQ(reinterpret_cast<uintptr_t>(&heap_[first]) % 64, 0u);
  }
}

}  // namespace
}  // namespace heddle::sched
