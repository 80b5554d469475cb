#include "heddle/runtime/sched/first_run.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cfenv>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/goexit.h"
#include "heddle/runtime/sched/sched_for_test.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::sched {
namespace {

class FirstRunTest : public testing::Test {
 protected:
  // The goroutine that was started last, which has not begun.
  static const G* Next() {
    const InRuntime in;
    P* pp = Getm()->p;
    G* gp = pp->runq.Get().gp;
    if (gp != nullptr) RunqPut(Getm()->sched, pp, gp, /*next=*/true);
    return gp;
  }

  uint64_t StacksTaken() { return s_->stackpool->stats().taken_stacks; }

  SchedForTest s_{Options{.procs = 1, .preempt = false}};
};

TEST_F(FirstRunTest, AGoStatementTouchesNoStack) {
  s_.Run([this] {
    const uint64_t before = StacksTaken();
    bool ran = false;
    GoOn([&ran] { ran = true; });
    const G* gp = Next();
    EXPECT_TRUE(gp->marks.bare());
    EXPECT_FALSE(gp->started);
    EXPECT_FALSE(gp->stack);
    EXPECT_EQ(gp->fn_arg, gp->callable);
    for (int i = 0; i < 100; i++) GoOn([] {});
    EXPECT_EQ(StacksTaken(), before);
    GoschedUntil([this] { return GCount(s_.get()) == 1; });
    EXPECT_TRUE(ran);
    EXPECT_FALSE(gp->marks.bare());
  });
}

// Each has what is large, or may throw, from the start.
TEST_F(FirstRunTest, SomeHaveTheirStackFromTheStart) {
  struct MoveMayThrow {
    MoveMayThrow() = default;
    MoveMayThrow(MoveMayThrow&&) noexcept(false) {}
    void operator()() const {}
  };
  s_.Run([] {
    GoOn([a = std::array<char, kCallableSize + 1>()] { static_cast<void>(a); });
    EXPECT_TRUE(Next()->stack);
    GoOn([a = std::array<char, kCallableSize>()] { static_cast<void>(a); });
    EXPECT_TRUE(Next()->marks.bare());
    GoOn(MoveMayThrow());
    EXPECT_FALSE(Next()->marks.bare());
    struct alignas(32) Wide {
      char c = 0;
    };
    GoOn([w = Wide()] { static_cast<void>(w); });
    EXPECT_FALSE(Next()->marks.bare());
  });
}

// What it has captured is on its own stack while it runs, and is destroyed
// once.
TEST_F(FirstRunTest, TheCallableMovesToTheStack) {
  static int alive;
  struct Counted {
    Counted() { alive++; }
    Counted(Counted&&) noexcept { alive++; }
    ~Counted() { alive--; }
  };
  alive = 0;
  bool inside = false;
  s_.Run([&inside] {
    GoOn([&inside, p = std::make_unique<int>(7), c = Counted()] {
      const auto at = reinterpret_cast<uintptr_t>(&c);
      const stack::Stack stack = Getg()->stack;
      // ASan keeps locals elsewhere.
      inside = (sanitizer::kAsan || (at >= stack.lo && at < stack.hi)) &&
               *p == 7 && alive == 1;
    });
    EXPECT_TRUE(Next()->marks.bare());
    EXPECT_EQ(alive, 1);
  });
  EXPECT_TRUE(inside);
  EXPECT_EQ(alive, 0);
}

TEST_F(FirstRunTest, OneThatNeverBeginsIsDestroyed) {
  auto shared = std::make_shared<int>(1);
  {
    SchedForTest s(
        Options{.procs = 1, .on_main_return = OnMainReturn::kAbandon});
    NewProc(s.get(), MakeFuncVal([shared] { ADD_FAILURE() << *shared; }), {},
            0);
    EXPECT_EQ(shared.use_count(), 2);
  }
  EXPECT_EQ(shared.use_count(), 1);
}

TEST_F(FirstRunTest, OneThatEndsLeavesItsStackToTheNext) {
  std::vector<stack::Stack> stacks;
  std::vector<const G*> gs;
  s_.Run([this, &stacks, &gs] {
    const uint64_t before = StacksTaken();
    for (int i = 0; i < 50; i++) {
      GoOn([&stacks, &gs] {
        stacks.push_back(Getg()->stack);
        gs.push_back(Getg());
      });
    }
    GoschedUntil([&gs] { return gs.size() == 50; });
    // The P's own cache is filled by that.
    EXPECT_LE(StacksTaken(), before + stack::StackCache::kCapacity);
  });
  for (size_t i = 1; i < gs.size(); i++) {
    EXPECT_NE(gs[i], gs[i - 1]);
    if (kLeavesStacks) {
      EXPECT_EQ(stacks[i], stacks[0]);
    }
  }
}

// Of those that have one of their own, too: it is colder.
TEST_F(FirstRunTest, OneThatEndsSwapsItsStackForThatOfTheNext) {
  static constexpr int kFree = 30;
  s_.Run([this] {
    for (int i = 0; i < kFree; i++) GoOnWithStack();
    GoschedUntil([this] { return GCount(s_.get()) == 1; });
    GFreeLocal& gfree = Getm()->p->gfree;
    ASSERT_EQ(gfree.of[kGFreeStarting].n, kFree);
    ASSERT_EQ(gfree.of[kGFreeNoStack].n, 0);
    std::vector<stack::Stack> before;
    std::vector<stack::Stack> stacks;
    for (int i = 0; i < 3; i++) {
      GoOn([&stacks] { stacks.push_back(Getg()->stack); });
      EXPECT_TRUE(Next()->marks.bare());
      before.push_back(Next()->stack);
    }
    GoschedUntil([&stacks] { return stacks.size() == 3; });
    // The last one is the next, and goes first.
    EXPECT_EQ(stacks[0], before[2]);
    EXPECT_EQ(stacks[1], kLeavesStacks ? stacks[0] : before[0]);
    EXPECT_EQ(stacks[2], kLeavesStacks ? stacks[0] : before[1]);
    // None is lost.
    EXPECT_EQ(gfree.of[kGFreeStarting].n, kFree);
    std::vector<uintptr_t> free;
    for (int i = 0; i < kFree; i++) free.push_back(gfree.starting[i]->stack.lo);
    std::sort(free.begin(), free.end());
    EXPECT_EQ(std::unique(free.begin(), free.end()), free.end());
    for (const stack::Stack& stack : before) {
      EXPECT_TRUE(std::binary_search(free.begin(), free.end(), stack.lo));
    }
  });
}

// Batches in which all Gs are in use, again and again, make no new stacks.
TEST_F(FirstRunTest, ABatchOfAllGsMakesNoStacks) {
  s_.Run([this] {
    const auto batch = [this] {
      for (int i = 0; i < 300; i++) GoOn([] {});
      GoschedUntil([this] { return GCount(s_.get()) == 1; });
    };
    batch();
    const uint64_t before = StacksTaken();
    for (int i = 0; i < 500; i++) batch();
    EXPECT_EQ(StacksTaken(), before);
  });
}

TEST_F(FirstRunTest, NothingOfTheFormerGoroutineIsLeft) {
  std::vector<uint64_t> ids;
  std::vector<int> errnos;
  std::vector<int> modes;
  s_.Run([&] {
    const auto go = [&] {
      GoOn([&] {
        ids.push_back(Getg()->goid);
        errnos.push_back(errno);
        modes.push_back(std::fegetround());
        errno = EDOM;
        std::fesetround(FE_DOWNWARD);
      });
    };
    for (int i = 0; i < 5; i++) go();
    GoschedUntil([&] { return ids.size() == 5; });
    // On another's stack, and after one that goes on.
    GoOn([&] {
      std::fesetround(FE_UPWARD);
      go();
      std::fesetround(FE_TOWARDZERO);
      Gosched();
      EXPECT_EQ(std::fegetround(), FE_TOWARDZERO);
    });
    GoschedUntil([&] { return ids.size() == 6; });
    EXPECT_EQ(std::fegetround(), FE_TONEAREST);
  });
  for (int e : errnos) EXPECT_EQ(e, 0);
  for (int i = 0; i < 5; i++) EXPECT_EQ(modes[i], FE_TONEAREST);
  EXPECT_EQ(modes[5], FE_UPWARD) << "its creator's, at the go statement";
  for (size_t i = 1; i < ids.size(); i++) EXPECT_NE(ids[i], ids[i - 1]);
}

TEST_F(FirstRunTest, TheStartingSizeIsThatOfTheFirstRun) {
  s_.Run([this] {
    size_t size = 0;
    GoOn([&size] { size = Getg()->stack.size(); });
    s_->starting_stack_size = 256 << 10;
    GoschedUntil([&size] { return size != 0; });
    EXPECT_EQ(size, 256u << 10);
  });
}

// Who asks for a size gets it, and waits for it without a stack as others do.
TEST_F(FirstRunTest, ASizeOfItsOwn) {
  s_.Run([this] {
    const size_t starting = StartingSize(s_.get());
    std::vector<size_t> sizes;
    const auto note = [&sizes] { sizes.push_back(Getg()->stack.size()); };
    // In turn, so that who ends has a stack that does not fit the next one.
    const std::vector<size_t> asked = {
        starting, 0, 2 * starting, 0, size_t{1} << 20, starting, 16 << 10};
    for (int round = 0; round < 3; round++) {
      for (const size_t size : asked) {
        GoOn(note, {.stack_size = size});
        EXPECT_TRUE(Next()->marks.bare());
        EXPECT_EQ(Next()->marks.sized(), size != 0);
      }
      // What has been asked for is not what others start with.
      s_->starting_stack_size = 4 * starting;
      GoschedUntil([&] { return sizes.size() == asked.size(); });
      // The last one is the next, and goes first.
      EXPECT_EQ(sizes[0], asked.back());
      for (size_t i = 1; i < asked.size(); i++) {
        const size_t size = asked[i - 1];
        EXPECT_EQ(sizes[i], size != 0 ? size : 4 * starting);
      }
      s_->starting_stack_size = starting;
      sizes.clear();
    }
  });
}

// A free stack of the size that is asked for is taken, and no other one.
TEST_F(FirstRunTest, ASizeOfItsOwnFromTheFreeOnes) {
  s_.Run([this] {
    constexpr size_t kSmall = stack::kMinStack;
    // Instrumented frames do not fit into the smallest.
    const bool small = StartingStackSize(s_.get(), kSmall) != 0 &&
                       StartingStackSize(s_.get(), 0) == kSmall;
    StartingStackSize(s_.get(), 64 << 10);
    if (!small) GTEST_SKIP() << "the smallest size is not given out here";
    GFreeLocal& gfree = Getm()->p->gfree;
    const auto run_one = [this](size_t size) {
      GoOn([] {}, {.stack_size = size});
      GoschedUntil([this] { return GCount(s_.get()) == 1; });
    };
    run_one(kSmall);
    EXPECT_EQ(gfree.of[kGFreeSmall].n, 1);
    run_one(64 << 10);
    EXPECT_EQ(gfree.of[kGFreeStarting].n, 1);
    const uint64_t taken = StacksTaken();
    run_one(kSmall);
    run_one(64 << 10);
    EXPECT_EQ(StacksTaken(), taken);
    // One that is not kept takes none that is.
    run_one(1 << 20);
    EXPECT_EQ(gfree.of[kGFreeSmall].n, 1);
    EXPECT_EQ(gfree.of[kGFreeStarting].n, 1);
  });
}

// One that exits, one that parks meanwhile, one with a name: each other way to
// end beside the short one.
TEST_F(FirstRunTest, AllWaysToEnd) {
  std::atomic<int> ended{0};
  struct Ends {
    std::atomic<int>* ended;
    ~Ends() { ++*ended; }
  };
  s_.Run([&ended] {
    for (int i = 0; i < 300; i++) {
      GoOn([&ended, i] {
        const Ends ends{&ended};
        if (i % 7 == 0) Gosched();
        if (i % 3 == 0) Goexit();
      });
      if (i % 5 == 0) {
        GoOn([&ended] { const Ends ends{&ended}; }, {.name = "named"});
      }
    }
  });
  EXPECT_EQ(ended, 360);
}

// On many Ps, from many Ps: each runs once.
TEST(FirstRunStressTest, EachRunsOnce) {
  constexpr int kMany = sanitizer::kAsan || sanitizer::kTsan ? 2'000 : 20'000;
  SchedForTest s(Options{.procs = 4});
  std::vector<std::atomic<int>> ran(4 * kMany);
  s.Run([&ran] {
    for (int t = 0; t < 4; t++) {
      GoOn([&ran, t] {
        for (int i = 0; i < kMany; i++) {
          std::atomic<int>* const mine = &ran[t * kMany + i];
          GoOn([mine] {
            ++*mine;
            if (reinterpret_cast<uintptr_t>(mine) % 16 == 0) Gosched();
          });
          if (i % 100 == 0) Gosched();
        }
      });
    }
  });
  for (const std::atomic<int>& n : ran) ASSERT_EQ(n, 1);
}

}  // namespace
}  // namespace heddle::sched
