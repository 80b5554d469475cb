#include "heddle/runtime/sched/depth_first.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/sched_for_test.h"
#include "heddle/runtime/sched/stop_the_world.h"

namespace heddle::sched {
namespace {

using ::testing::ElementsAre;

void Park() {
  const InRuntime in;
  Gopark(nullptr, nullptr, WaitReason::kZero);
}

// One P, which goes depth first while main runs: so many goroutines have begun,
// and are parked. Without sysmon, which keeps the coarse clock.
class DepthFirstTest : public testing::Test {
 protected:
  DepthFirstTest() : s_(Options{.procs = 1, .preempt = false}) {
    s_->sysmon_started = true;
  }

  template <typename F>
  void RunDepthFirst(F main) {
    s_.Run([this, &main] {
      for (int i = 0; i < kDepthFirst; i++) {
        GoOn([this] {
          parked_.push_back(Getg());
          Park();
        });
      }
      GoschedUntil([this] { return parked_.size() == kDepthFirst; });
      ASSERT_TRUE(GoesDepthFirst(P0()));
      main();
      for (G* gp : parked_) Goready(gp);
    });
  }

  void GoNumbers(int first, int last) {
    for (int i = first; i < last; i++) {
      GoOn([this, i] { order_.push_back(i); });
    }
  }
  void GoschedUntilRan(size_t n) {
    GoschedUntil([this, n] { return order_.size() == n; });
  }

  P* P0() { return GetP(s_.get(), 0); }

  SchedForTest s_;
  std::vector<G*> parked_;
  std::vector<int> order_;
};

TEST_F(DepthFirstTest, TheNewestThatHasNotBegunIsNext) {
  RunDepthFirst([this] {
    GoNumbers(0, 5);
    EXPECT_EQ(P0()->nursery.size(), 4);
    EXPECT_EQ(P0()->runq.size(), 0);
    EXPECT_EQ(P0()->QueuesSize(), 4);
    EXPECT_FALSE(P0()->QueuesEmpty());
    GoschedUntilRan(5);
    EXPECT_THAT(order_, ElementsAre(4, 3, 2, 1, 0));
    EXPECT_TRUE(P0()->QueuesEmpty());
  });
}

TEST_F(DepthFirstTest, BelowTheLimitTheyGoInOrder) {
  s_.Run([this] {
    GoNumbers(0, 5);
    EXPECT_TRUE(P0()->nursery.Empty());
    GoschedUntilRan(5);
    EXPECT_THAT(order_, ElementsAre(4, 0, 1, 2, 3));
  });
}

// Those that have begun go in order, and most turns are theirs.
TEST_F(DepthFirstTest, ThoseThatHaveBegunAreNext) {
  RunDepthFirst([this] {
    GoNumbers(0, 3);
    const std::vector<G*> woken(parked_.end() - 20, parked_.end());
    parked_.resize(parked_.size() - 20);
    for (G* gp : woken) Goready(gp);
    // The last one readied is runnext.
    EXPECT_EQ(P0()->runq.size(), 19);
    EXPECT_EQ(P0()->nursery.size(), 3);
    // It stays depth first when they have ended.
    P0()->begun += 20;
    const int32_t begun = P0()->begun;
    GoschedUntil([this, begun] { return P0()->begun <= begun - 10; });
    EXPECT_FALSE(order_.empty());
    GoschedUntilRan(3);
    EXPECT_THAT(order_, ElementsAre(2, 1, 0));
  });
}

// Who yields, and has begun, does not keep others from beginning, nor do they
// him: without a clock.
TEST_F(DepthFirstTest, YieldersAndOthersBothGoOn) {
  RunDepthFirst([this] {
    bool stop = false;
    int turns = 0;
    for (int i = 0; i < 2; i++) {
      GoOn([&] {
        while (!stop) {
          turns++;
          Gosched();
        }
      });
    }
    GoschedUntil([&] { return turns > 10; });
    GoNumbers(0, 10);
    GoschedUntilRan(10);
    const int before = turns;
    GoschedUntil([&] { return turns >= before + 10; });
    stop = true;
    Gosched();
  });
}

TEST_F(DepthFirstTest, TheOldestIsNotForgotten) {
  RunDepthFirst([this] {
    s_->coarse_now = 100 * kOldestNs;
    P0()->oldest_at = 100 * kOldestNs;
    GoNumbers(0, 6);
    GoschedUntilRan(6);
    EXPECT_THAT(order_, ElementsAre(5, 4, 3, 2, 1, 0));
    order_.clear();
    // A time slice later.
    GoNumbers(0, 6);
    s_->coarse_now = 101 * kOldestNs;
    GoschedUntilRan(6);
    EXPECT_THAT(order_, ElementsAre(5, 0, 4, 3, 2, 1));
  });
}

// What is in the nursery when the mode is over goes in order.
TEST_F(DepthFirstTest, AfterwardsTheRestGoesInOrder) {
  RunDepthFirst([this] {
    GoNumbers(0, 4);
    P0()->begun = 0;
    GoNumbers(4, 8);
    GoschedUntilRan(8);
    std::vector<int> nursed;
    std::vector<int> others;
    for (int i : order_) (i < 3 ? nursed : others).push_back(i);
    EXPECT_THAT(nursed, ElementsAre(0, 1, 2));
    EXPECT_THAT(others, ElementsAre(7, 3, 4, 5, 6));
    P0()->begun = kDepthFirst;
  });
}

// What was in the ring before the mode is sorted; what comes by way of the
// global queue stays in order if nothing is in the nursery.
TEST_F(DepthFirstTest, WhatWasThereBeforeIsSorted) {
  RunDepthFirst([this] {
    P0()->begun = 0;
    GoNumbers(0, 4);
    EXPECT_EQ(P0()->runq.size(), 3);
    P0()->begun = kDepthFirst - 1;
    CountBegun(P0());
    EXPECT_TRUE(WantsSorting(P0()));
    GoschedUntilRan(4);
    EXPECT_THAT(order_, ElementsAre(3, 2, 1, 0));
    order_.clear();
    P0()->nurses = false;
    std::thread([this] {
      for (int i = 0; i < 4; i++) {
        NewProc(s_.get(), MakeFuncVal([this, i] { order_.push_back(i); }), {},
                0);
      }
    }).join();
    GoschedUntilRan(4);
    EXPECT_THAT(order_, ElementsAre(0, 1, 2, 3));
  });
}

TEST_F(DepthFirstTest, TheNurseryOverflows) {
  constexpr int kMany = 3 * kRunqSize;
  RunDepthFirst([this] {
    GoNumbers(0, kMany);
    EXPECT_GT(s_->runqsize, 0);
    GoschedUntilRan(kMany);
  });
  std::sort(order_.begin(), order_.end());
  for (int i = 0; i < kMany; i++) ASSERT_EQ(order_[i], i);
}

TEST_F(DepthFirstTest, WhoIsOutOfWorkCountsFrom0) {
  RunDepthFirst([this] {
    G* self = Getg();
    std::thread waker;
    {
      const InRuntime in;
      waker = std::thread([this, self] {
        // The P is idle only once it has found nothing.
        while (s_->npidle == 0) std::this_thread::yield();
        Goready(self);
      });
      Gopark(nullptr, nullptr, WaitReason::kZero);
    }
    waker.join();
    EXPECT_EQ(P0()->begun, 0);
  });
}

// The goroutines of a tree that are alive at once: its depth counts, not its
// size.
struct Tree {
  std::atomic<int> alive{0};
  std::atomic<int> most{0};

  void Node(int depth) {
    const int now = alive.fetch_add(1) + 1;
    int seen = most.load();
    while (now > seen && !most.compare_exchange_weak(seen, now)) continue;
    if (depth > 0) {
      LatchForTest latch(2);
      for (int i = 0; i < 2; i++) {
        GoOn([this, depth, &latch] {
          Node(depth - 1);
          latch.Arrive();
        });
      }
      latch.Wait();
    }
    alive.fetch_sub(1);
  }
};

TEST_F(DepthFirstTest, ATreeIsAliveByItsDepth) {
  Tree tree;
  s_.Run([&tree] { tree.Node(14); });
  EXPECT_EQ(tree.alive, 0);
  // Of 32,767. Level by level it would be half of them.
  EXPECT_LT(tree.most, 3 * kDepthFirst);
}

// Only thieves can run what main, which does not stop, has in its nursery.
TEST(DepthFirstStealTest, ThievesTakeFromTheNursery) {
  SchedForTest s(Options{.procs = 2, .preempt = false});
  s.Run([&s] {
    std::atomic<int> ran{0};
    Getm()->p->begun = kDepthFirst;
    for (int i = 0; i < 100; i++) {
      GoOn([&ran] { ran++; });
    }
    // One of them is runnext, and is stolen too in the end.
    while (ran < 100) std::this_thread::yield();
    EXPECT_EQ(s->runqsize, 0);
  });
}

// Trees, while Ps come and go.
TEST(DepthFirstStealTest, PsComeAndGo) {
  SchedForTest s(Options{.procs = 3});
  s.Run([] {
    for (int round = 0; round < 3; round++) {
      std::vector<Tree> trees(3);
      std::atomic<int> left{3};
      for (Tree& tree : trees) {
        GoOn([&tree, &left] {
          tree.Node(9);
          left--;
        });
      }
      base::FastRand random(1);
      while (left > 0) {
        GoMaxProcs(1 + static_cast<int>(random.Below(4)));
        Gosched();
      }
      for (Tree& tree : trees) EXPECT_EQ(tree.alive, 0);
    }
  });
}

// With randomize the nursery is not used.
TEST(DepthFirstRandomizeTest, NothingIsNursed) {
  SchedForTest s(
      Options{.procs = 1, .randomize = true, .seed = 1, .preempt = false});
  s.Run([] {
    Tree tree;
    tree.Node(9);
    EXPECT_TRUE(Getm()->p->nursery.Empty());
    EXPECT_GE(tree.most, kDepthFirst);
  });
}

}  // namespace
}  // namespace heddle::sched
