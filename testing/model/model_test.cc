// The tools of the models, tried on models of which all is known.

#include "heddle/testing/model/model.h"

#include <atomic>
#include <cstdint>

#include "gtest/gtest.h"

namespace heddle::model {
namespace {

using enum std::memory_order;
using ::testing::IsSubstring;

// Each thread says that it is there and looks for the other.
struct StoreBuffering : Suite<2> {
  Atomic<int32_t> here[2];
  int32_t seen[2] = {};

  void Say(int self) { here[self].store(1, seq_cst); }
  void Thread(unsigned index) override {
    Say(static_cast<int>(index));
    seen[index] = here[1 - index].load(seq_cst);
  }
  void After() override {
    Require(seen[0] + seen[1] > 0, "one sees the other");
  }
};

constexpr Mutation kRelaxedSay = {.what = "Say is relaxed",
                                  .function = "Say",
                                  .op = Op::kStore,
                                  .to = relaxed};

// Each thread takes three steps: to its store, to its load, to its end. Two
// threads take them in 6! / (3! * 3!) orders.
TEST(ModelTest, FullSearchHasEveryOrder) {
  const Outcome o = model::Run<StoreBuffering>(Full());
  EXPECT_TRUE(o.is_clean) << o.result << "\n" << o.story;
  EXPECT_FALSE(o.is_caught);
  EXPECT_EQ(o.executions, 20u);
}

TEST(ModelTest, RandomSearchHasItsNumberOfExecutions) {
  EXPECT_EQ(model::Run<StoreBuffering>(Random(1000)).executions, 1000u);
}

TEST(ModelTest, MutationIsCaughtAndItsStoryTold) {
  const Outcome o = model::Run<StoreBuffering>(Full(), &kRelaxedSay);
  EXPECT_TRUE(o.is_caught);
  EXPECT_FALSE(o.is_clean);
  EXPECT_STREQ(o.result, "USER ASSERT FAILED");
  EXPECT_GT(o.mutated, 0u);
  EXPECT_PRED_FORMAT2(IsSubstring,
                      "atomic store, value=1, (prev value=0), "
                      "order=relaxed, in Say, "
                      "testing/model/model_test.cc(",
                      o.story);
  EXPECT_PRED_FORMAT2(IsSubstring,
                      "value=0 [NOT CURRENT], order=seq_cst, in "
                      "Thread, testing/model/model_test.cc(",
                      o.story);
  EXPECT_PRED_FORMAT2(IsSubstring, "USER ASSERT FAILED (one sees the other)",
                      o.story);
}

TEST(ModelTest, MutationOfNothingIsNotMet) {
  Mutation m = kRelaxedSay;
  m.order = release;  // the source spells another
  const Outcome o = model::Run<StoreBuffering>(Full(), &m);
  EXPECT_EQ(o.mutated, 0u);
  EXPECT_TRUE(o.is_clean);
}

// A thread for each number counts under a lock, and the last wakes the first.
template <int kThreads>
struct Count : Suite<kThreads> {
  Lock lock;
  Var<int32_t> count{0};
  Event all;

  void Thread(unsigned index) override {
    Require(index == Self(), "Self is the index");
    lock.Acquire();
    const int32_t n = count.Get() + 1;
    count.Set(n);
    lock.Release();
    if (n == kThreads && !LeftOut()) all.Set();
    if (index == 0) all.Wait();
  }
  void After() override { Require(count.Get() == kThreads, "all are there"); }
};

TEST(ModelTest, NumbersOfThreads) {
  for (const Outcome& o :
       {model::Run<Count<2>>(Bound(2)), model::Run<Count<3>>(Bound(1)),
        model::Run<Count<4>>(Bound(1))}) {
    EXPECT_TRUE(o.is_clean) << o.result << "\n" << o.story;
  }
}

TEST(ModelTest, DeadlockIsCaught) {
  const Mutation untold = {.what = "the first is not woken",
                           .function = "Thread",
                           .op = Op::kCall,
                           .kind = Mutation::Kind::kDrop};
  const Outcome o = model::Run<Count<3>>(Bound(1), &untold);
  EXPECT_TRUE(o.is_caught);
  EXPECT_STREQ(o.result, "DEADLOCK");
}

}  // namespace
}  // namespace heddle::model
