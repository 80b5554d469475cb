// Random operations on a pool with several caches, against a model: the set of
// the stacks that are out.

#include <iterator>
#include <map>
#include <random>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "runtime/stack/memory.h"
#include "runtime/stack/stack.h"
#include "runtime/stack/stack_cache.h"
#include "runtime/stack/stack_pool.h"

namespace heddle::stack {
namespace {

class Model {
 public:
  // Fails the test if `stack`, with its guard, overlaps one that is out.
  void Add(Stack stack) {
    const uintptr_t lo = stack.lo - PageSize();
    const auto above = out_.lower_bound(lo);
    if (above != out_.end()) {
      EXPECT_LE(stack.hi, above->first);
    }
    if (above != out_.begin()) {
      EXPECT_LE(std::prev(above)->second.hi, lo);
    }
    out_.emplace(lo, stack);
    bytes_ += stack.size();
  }

  template <typename Random>
  Stack RemoveAny(Random& random) {
    const auto it = std::next(out_.begin(), random() % out_.size());
    const Stack stack = it->second;
    out_.erase(it);
    bytes_ -= stack.size();
    return stack;
  }

  size_t size() const { return out_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  std::map<uintptr_t, Stack> out_;  // by where the guard begins
  size_t bytes_ = 0;
};

class StackPoolProperty : public testing::TestWithParam<unsigned> {};

INSTANTIATE_TEST_SUITE_P(Seeds, StackPoolProperty, testing::Range(1u, 6u));

TEST_P(StackPoolProperty, BehavesAsASetOfDisjointStacks) {
  constexpr int kCaches = 3;
  std::mt19937 random(GetParam());
  StackPool pool(GetParam() % 2 == 0 ? GuardKind::kMadvise
                                     : GuardKind::kMprotect);
  StackCache caches[kCaches];
  Model model;
  for (int step = 0; step < 20'000; step++) {
    const unsigned pick = random() % (kCaches + 1);
    StackCache* const cache = pick < kCaches ? &caches[pick] : nullptr;
    // Phases of growth and of decline, so that spans fill and empty.
    const bool grow = random() % 100 < (step / 2000 % 2 == 0 ? 60u : 40u);
    if (step % 3001 == 3000) {
      caches[random() % kCaches].Flush(&pool);
    } else if (grow || model.size() == 0) {
      // Mostly small, at times large (4 KiB to 4 MiB).
      const size_t size =
          PageSize() << (random() % 50 == 0 ? random() % 11 : random() % 5);
      const absl::StatusOr<Stack> stack = pool.Alloc(cache, size);
      ASSERT_TRUE(stack.ok()) << stack.status();
      ASSERT_EQ(stack->size(), size);
      *reinterpret_cast<int*>(stack->lo) = step;
      *reinterpret_cast<int*>(stack->hi - sizeof(int)) = step;
      model.Add(*stack);
    } else {
      pool.Free(cache, model.RemoveAny(random));
    }
    if (step % 100 != 0) continue;
    size_t cached = 0;
    for (const StackCache& c : caches) cached += c.bytes();
    const StackPool::Stats stats = pool.stats();
    ASSERT_EQ(stats.taken_bytes, model.bytes() + cached);
    ASSERT_GE(stats.mapped_bytes, stats.taken_bytes + stats.free_bytes);
  }
  while (model.size() > 0) pool.Free(&caches[0], model.RemoveAny(random));
  for (StackCache& c : caches) c.Flush(&pool);
  const StackPool::Stats stats = pool.stats();
  EXPECT_EQ(stats.taken_stacks, 0u);
  EXPECT_EQ(stats.taken_bytes, 0u);
  EXPECT_LE(stats.spans, size_t{kNumOrders});  // one to spare for each order
}

}  // namespace
}  // namespace heddle::stack
