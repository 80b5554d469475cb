// Random steps on a pool, with phases of growth and of decline, so that spans
// fill and empty.

#include <random>

#include "gtest/gtest.h"
#include "heddle/runtime/stack/memory.h"
#include "heddle/runtime/stack/stack_pool_steps_for_test.h"

namespace heddle::stack {
namespace {

class StackPoolProperty : public testing::TestWithParam<unsigned> {};

INSTANTIATE_TEST_SUITE_P(Seeds, StackPoolProperty, testing::Range(1u, 7u));

TEST_P(StackPoolProperty, BehavesAsASetOfDisjointStacks) {
  std::mt19937 random(GetParam());
  StackPoolSteps steps(GetParam() % 2 == 0 ? GuardKind::kMadvise
                                           : GuardKind::kMprotect);
  size_t most = 0;
  for (int step = 0; step < 20'000; step++) {
    unsigned what = random();
    // Every second phase of 2,000 steps, four in ten of those that take a
    // stack give one back instead.
    const bool shrink = step / 2000 % 2 == 1;
    if (shrink && what % 64 < 28 && random() % 10 < 4) what = 40;
    steps.Step(what, random());
    most = std::max(most, steps.size());
  }
  EXPECT_GT(most, 200u);
}

}  // namespace
}  // namespace heddle::stack
