#include "runtime/base/fence.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace heddle::base {
namespace {

constexpr int kRounds = 50'000;

// One side of the store-buffer litmus test. Round i writes i to the own word
// and then reads the other's.
struct alignas(64) Side {
  std::atomic<int> word{0};
  alignas(64) std::atomic<int> ready{0};
  std::vector<int> seen = std::vector<int>(kRounds + 1);
};

void Play(Side& self, Side& other) {
  for (int i = 1; i <= kRounds; i++) {
    // Both start a round together, or there is nothing to see. Release and
    // acquire, so that no fence but the one under test orders the words.
    self.ready.store(i, std::memory_order_release);
    for (int spin = 0; other.ready.load(std::memory_order_acquire) < i; spin++) {
      if (spin > 1'000) std::this_thread::yield();
    }
    self.word.store(i, std::memory_order_relaxed);
    StoreLoadFence();
    self.seen[i] = other.word.load(std::memory_order_relaxed);
  }
}

// Without the fence both sides miss the other's write in some percent of the
// rounds on x86-64 with two CPUs. With it at least one side sees it.
TEST(StoreLoadFenceTest, NotBothSidesMissTheOthersStore) {
  Side a, b;
  std::thread other([&] { Play(b, a); });
  Play(a, b);
  other.join();
  int both_missed = 0;
  for (int i = 1; i <= kRounds; i++) {
    both_missed += a.seen[i] < i && b.seen[i] < i;
  }
  EXPECT_EQ(both_missed, 0) << "of " << kRounds << " rounds";
}

}  // namespace
}  // namespace heddle::base
