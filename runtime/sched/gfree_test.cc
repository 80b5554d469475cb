#include "heddle/runtime/sched/gfree.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/status.h"
#include "heddle/runtime/stack/stack.h"
#include "heddle/runtime/stack/stack_pool.h"

#if HEDDLE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace heddle::sched {
namespace {

constexpr size_t kSize = 16 << 10;  // of a stack
constexpr bool kWithStack = true;
constexpr bool kNoStack = false;

// Whether ASan forbids to touch `at`; false where there is no ASan.
bool Poisoned([[maybe_unused]] uintptr_t at) {
#if HEDDLE_ASAN
  return __asan_address_is_poisoned(reinterpret_cast<void*>(at));
#else
  return false;
#endif
}

class GFreeTest : public testing::Test {
 protected:
  ~GFreeTest() override {
    // Every stack that the pool gave is on some G.
    size_t with_stack = 0;
    for (size_t i = 0; i < gs_.size(); i++) with_stack += gs_[i]->stack.lo != 0;
    cache_.Flush(&pool_);
    EXPECT_EQ(pool_.stats().taken_stacks, with_stack) << "stacks leaked";
  }

  // A new dead G. Stacks come past the cache, so that what is in it was freed.
  G* NewG(bool with_stack, size_t size = kSize) {
    G* gp = gs_.New();
    CasGStatus(gp, GStatus::kIdle, GStatus::kDead);
    if (with_stack) {
      absl::StatusOr<stack::Stack> stack = pool_.Alloc(nullptr, size);
      EXPECT_TRUE(stack.ok()) << stack.status();
      if (stack.ok()) gp->stack = *stack;
    }
    return gp;
  }
  // Puts new Gs on the global list by way of a thread without a P.
  void FillGlobal(int n, bool with_stack) {
    for (int i = 0; i < n; i++) GfPut(no_p_, NewG(with_stack), kSize);
  }
  void FillLocal(int n, bool with_stack) {
    for (int i = 0; i < n; i++) GfPut(env_, NewG(with_stack), kSize);
  }

  int32_t global_n() { return global_.n(); }

  // Takes all Gs of a pool.
  std::vector<G*> TakeWithStack(GFreeKind kind = kGFreeStarting) {
    os::LockGuard guard(global_.lock);
    return TakeAll(&global_.of[kind]);
  }
  std::vector<G*> TakeNoStack() {
    os::LockGuard guard(global_.lock);
    return TakeAll(&global_.of[kGFreeNoStack]);
  }

  std::vector<G*> TakeAll(base::BitPool* pool) {
    std::vector<G*> out;
    while (!pool->empty()) {
      const size_t i = pool->First();
      pool->Remove(i);
      out.push_back(gs_[i]);
    }
    return out;
  }

  AllGs gs_;
  stack::StackPool pool_;
  stack::StackCache cache_;
  GFreeLocal local_;
  GFreeGlobal global_{&gs_};
  const GFreeEnv env_{&local_, &global_, &pool_, &cache_};
  const GFreeEnv no_p_{nullptr, &global_, &pool_, nullptr};
};

using GFreeDeathTest = GFreeTest;

// Issue 2: free list empty.
TEST_F(GFreeTest, FreeListEmpty) {
  EXPECT_EQ(GfGet(env_, kSize), nullptr);
  EXPECT_EQ(GfGet(no_p_, kSize), nullptr);
  EXPECT_EQ(local_.n(), 0);
  EXPECT_EQ(global_n(), 0);
}

TEST_F(GFreeTest, TheLastOneBackIsTheNextOneOut) {
  G* const first = NewG(kWithStack);
  G* const last = NewG(kWithStack);
  const stack::Stack stack = last->stack;
  GfPut(env_, first, kSize);
  GfPut(env_, last, kSize);
  EXPECT_EQ(local_.n(), 2);
  EXPECT_EQ(GfGet(env_, kSize), last);
  EXPECT_EQ(last->stack, stack);
  EXPECT_EQ(GfGet(env_, kSize), first);
  EXPECT_EQ(GfGet(env_, kSize), nullptr);
  EXPECT_EQ(local_.n(), 0);
}

// Issue 2: free list half full. It is served without the global list.
TEST_F(GFreeTest, HalfFullListIsLeftAlone) {
  for (const bool with_stack : {kWithStack, kNoStack}) {
    FillGlobal(5, with_stack);
    FillLocal(32, with_stack);
    EXPECT_EQ(local_.n(), 32);
    const int32_t global_n_before = global_n();
    for (int i = 0; i < 32; i++) {
      G* const gp = with_stack ? GfGet(env_, kSize) : GfGetBare(env_, kSize);
      ASSERT_NE(gp, nullptr);
      ASSERT_EQ(static_cast<bool>(gp->stack), with_stack);
    }
    EXPECT_EQ(local_.n(), 0);
    EXPECT_EQ(global_n(), global_n_before);
  }
}

// Issue 2: over 64. The 64th spills: 33 go, 31 stay.
TEST_F(GFreeTest, Over64Spills33AndKeeps31) {
  FillLocal(63, kWithStack);
  EXPECT_EQ(local_.n(), 63);
  EXPECT_EQ(global_n(), 0);
  FillLocal(1, kWithStack);
  EXPECT_EQ(local_.n(), 31);
  EXPECT_EQ(global_n(), 33);
  // What has lain longest went; the last one back is the next one out.
  for (int i = 63; i > 32; i--) EXPECT_EQ(GfGet(env_, kSize), gs_[i]);
  EXPECT_EQ(local_.n(), 0);
  EXPECT_EQ(TakeWithStack().size(), 33u);
  EXPECT_TRUE(TakeNoStack().empty());
}

TEST_F(GFreeTest, EachKindSpillsByItself) {
  FillLocal(63, kWithStack);
  FillLocal(kGFreeSpillNoStack - 1, kNoStack);
  EXPECT_EQ(local_.n(), 63 + kGFreeSpillNoStack - 1);
  EXPECT_EQ(global_n(), 0);
  // Of those without a stack it keeps half.
  FillLocal(1, kNoStack);
  EXPECT_EQ(local_.of[kGFreeStarting].n, 63);
  EXPECT_EQ(local_.of[kGFreeNoStack].n, kGFreeSpillNoStack / 2);
  EXPECT_TRUE(TakeWithStack().empty());
  const std::vector<G*> without = TakeNoStack();
  EXPECT_EQ(without.size(), size_t{kGFreeSpillNoStack / 2});
  for (G* gp : without) EXPECT_FALSE(gp->stack);
}

TEST_F(GFreeTest, AnEmptyListTakesABatchOf32) {
  FillGlobal(40, kWithStack);
  EXPECT_EQ(global_n(), 40);
  EXPECT_NE(GfGet(env_, kSize), nullptr);
  EXPECT_EQ(local_.n(), 31);
  EXPECT_EQ(global_n(), 8);
}

TEST_F(GFreeTest, ABatchIsNotLargerThanWhatThereIs) {
  FillGlobal(5, kWithStack);
  std::set<G*> got;
  for (int i = 0; i < 5; i++) {
    G* const gp = GfGet(env_, kSize);
    ASSERT_NE(gp, nullptr);
    EXPECT_TRUE(got.insert(gp).second);
    EXPECT_EQ(global_n(), 0);
  }
  EXPECT_EQ(GfGet(env_, kSize), nullptr);
}

TEST_F(GFreeTest, OneWithAStackIsPreferred) {
  FillGlobal(20, kWithStack);
  FillGlobal(20, kNoStack);
  for (const GFreeEnv& env : {env_, no_p_}) {
    for (int i = 0; i < 10; i++) {
      G* const gp = GfGet(env, kSize);
      ASSERT_NE(gp, nullptr);
      EXPECT_TRUE(gp->stack);
    }
    GfPurge(&local_, &global_);
  }
  EXPECT_EQ(TakeNoStack().size(), 20u);
  EXPECT_TRUE(TakeWithStack().empty());
}

TEST_F(GFreeTest, ForABareOneWithoutAStackIsPreferred) {
  for (const GFreeEnv& env : {env_, no_p_}) {
    // A P keeps some for those that begin.
    const int kept = env.local != nullptr ? kGFreeStacksLeft : 0;
    FillGlobal(3 + kept, kWithStack);
    FillGlobal(3, kNoStack);
    for (int i = 0; i < 6; i++) {
      G* const gp = GfGetBare(env, kSize);
      ASSERT_NE(gp, nullptr);
      EXPECT_EQ(static_cast<bool>(gp->stack), i >= 3);
    }
    EXPECT_EQ(GfGetBare(env, kSize), nullptr);
    EXPECT_EQ(GfGetBareLocal(&local_, global_, kSize), nullptr);
    for (int i = 0; i < kept; i++) EXPECT_TRUE(GfGet(env, kSize)->stack);
    EXPECT_EQ(GfGet(env, kSize), nullptr);
    GfPurge(&local_, &global_);
    // One whose stack has the wrong size by now comes without it.
    FillGlobal(1, kWithStack);
    G* const gp = GfGetBare(env, 2 * kSize);
    ASSERT_NE(gp, nullptr);
    EXPECT_FALSE(gp->stack);
  }
}

// What is not the usual case is left to GfGetBare, which is asked then.
TEST_F(GFreeTest, ABareOneOfTheLocalList) {
  FillGlobal(5, kNoStack);
  EXPECT_EQ(GfGetBareLocal(&local_, global_, kSize), nullptr);
  FillLocal(2, kNoStack);
  EXPECT_EQ(GfGetBareLocal(&local_, global_, kSize), gs_[6]);
  EXPECT_EQ(local_.n(), 1);
  // What comes from a large pool is not in the cache.
  FillGlobal(kColdGs + kGFreeBatch, kNoStack);
  EXPECT_NE(GfGetBareLocal(&local_, global_, kSize), nullptr);
  EXPECT_NE(GfGetBare(env_, kSize), nullptr);
  EXPECT_EQ(local_.n(), kGFreeBatch - 1);
  EXPECT_EQ(GfGetBareLocal(&local_, global_, kSize), nullptr)
      << "who fetches the next ones?";
}

TEST_F(GFreeTest, ABareOneWithAStackOfTheLocalList) {
  FillLocal(kGFreeStacksLeft + 1, kWithStack);
  EXPECT_EQ(GfGetBareLocal(&local_, global_, 2 * kSize), nullptr);
  EXPECT_EQ(GfGetBareLocal(&local_, global_, kSize), gs_[kGFreeStacksLeft]);
  EXPECT_EQ(GfGetBareLocal(&local_, global_, kSize), nullptr);
}

TEST_F(GFreeTest, AStackIsTakenFromADeadG) {
  for (const GFreeEnv& env : {env_, no_p_}) {
    bool canary = true;
    EXPECT_FALSE(GfTakeStack(env, kSize, &canary));
    G* const gp = NewG(kWithStack);
    const stack::Stack stack = gp->stack;
    GfPut(env, gp, kSize);
    EXPECT_EQ(GfTakeStack(env, kSize, &canary), stack);
    EXPECT_FALSE(canary);
    EXPECT_FALSE(Poisoned(stack.lo));
    // The G is free yet, without it.
    EXPECT_EQ(GfGetBare(env, kSize), gp);
    EXPECT_FALSE(gp->stack);
    gp->stack = stack;
    gp->marks.Set(Marks::kCanary, true);
    // Not if it is of another size.
    GfPut(env, gp, kSize);
    EXPECT_FALSE(GfTakeStack(env, 2 * kSize, &canary));
    EXPECT_EQ(GfGetBare(env, kSize), gp);
    EXPECT_FALSE(gp->stack);
  }
}

TEST_F(GFreeTest, AStackIsTakenLocallyIfThereIsRoomForTheG) {
  bool canary = false;
  EXPECT_FALSE(GfTakeStackLocal(&local_, kSize, &canary));
  G* const gp = NewG(kWithStack);
  gp->marks.Set(Marks::kCanary, true);
  const stack::Stack stack = gp->stack;
  GfPut(env_, gp, kSize);
  EXPECT_FALSE(GfTakeStackLocal(&local_, 2 * kSize, &canary));
  FillLocal(kGFreeSpillNoStack - 1, kNoStack);
  EXPECT_FALSE(GfTakeStackLocal(&local_, kSize, &canary)) << "must spill";
  EXPECT_EQ(local_.n(), kGFreeSpillNoStack);
  EXPECT_EQ(GfGetBareLocal(&local_, global_, kSize),
            gs_[kGFreeSpillNoStack - 1]);
  EXPECT_EQ(GfTakeStackLocal(&local_, kSize, &canary), stack);
  EXPECT_TRUE(canary);
  EXPECT_FALSE(Poisoned(stack.lo));
  EXPECT_FALSE(gp->stack);
  EXPECT_EQ(GfGetBareLocal(&local_, global_, kSize), gp);
  gp->stack = stack;
}

TEST_F(GFreeTest, TheGlobalPoolGivesNeighbours) {
  std::vector<G*> gs;
  for (int i = 0; i < 200; i++) gs.push_back(NewG(kWithStack));
  std::shuffle(gs.begin(), gs.end(), std::mt19937(1));
  for (G* gp : gs) GfPut(no_p_, gp, kSize);
  for (int i = 0; i < 200; i++) {
    ASSERT_EQ(GfGet(i < 96 ? env_ : no_p_, kSize), gs_[i]);
  }
}

TEST_F(GFreeTest, AGWithoutAStackIsReturnedWithoutOne) {
  FillLocal(1, kNoStack);
  G* const gp = GfGet(env_, kSize);
  ASSERT_NE(gp, nullptr);
  EXPECT_FALSE(gp->stack);
}

// Issue 2: a cached stack of the wrong size, because the starting size was
// changed while it lay here.
TEST_F(GFreeTest, CachedStackOfTheWrongSizeIsFreedOnGet) {
  FillLocal(1, kWithStack);
  G* const gp = GfGet(env_, 2 * kSize);
  ASSERT_EQ(gp, gs_[0]);
  EXPECT_EQ(gp->stack, stack::Stack());
  EXPECT_EQ(cache_.count(stack::OrderOf(kSize)), 1);
}

// The same on its way in: a goroutine that had asked for a size of its own.
TEST_F(GFreeTest, StackOfTheWrongSizeIsFreedOnPut) {
  G* const gp = NewG(kWithStack, 2 * kSize);
  GfPut(env_, gp, kSize);
  EXPECT_EQ(gp->stack, stack::Stack());
  EXPECT_EQ(cache_.count(stack::OrderOf(2 * kSize)), 1);
  EXPECT_EQ(GfGet(env_, kSize), gp);
}

TEST_F(GFreeTest, WithoutAPTheWrongSizeGoesToThePool) {
  GfPut(no_p_, NewG(kWithStack, 2 * kSize), kSize);
  EXPECT_EQ(pool_.stats().taken_stacks, 0u);
  GfPut(no_p_, NewG(kWithStack), kSize);
  EXPECT_EQ(pool_.stats().taken_stacks, 1u);
  EXPECT_FALSE(GfGet(no_p_, 2 * kSize)->stack);
  EXPECT_EQ(pool_.stats().taken_stacks, 0u);
}

// Stacks of the smallest size are kept too, for who asks for them.
TEST_F(GFreeTest, SmallStacksAreKeptApart) {
  for (const GFreeEnv& env : {env_, no_p_}) {
    G* const small = NewG(kWithStack, stack::kMinStack);
    G* const starting = NewG(kWithStack);
    GfPut(env, small, kSize);
    GfPut(env, starting, kSize);
    EXPECT_EQ(small->stack.size(), stack::kMinStack);
    EXPECT_EQ(GfGet(env, stack::kMinStack), small);
    EXPECT_EQ(small->stack.size(), stack::kMinStack);
    EXPECT_EQ(GfGet(env, stack::kMinStack), nullptr)
        << "took a stack from the other kind";
    EXPECT_EQ(GfGet(env, kSize), starting);
    EXPECT_EQ(GfGet(env, kSize), nullptr);
  }
}

TEST_F(GFreeTest, SmallOnesSpillAndAreFreedByKind) {
  for (int i = 0; i < 64; i++) {
    GfPut(env_, NewG(kWithStack, stack::kMinStack), kSize);
  }
  EXPECT_EQ(local_.of[kGFreeSmall].n, 31);
  EXPECT_EQ(global_n(), 33);
  FillGlobal(2, kWithStack);
  EXPECT_EQ(FreeStacks(&global_, kGFreeSmall, &pool_, 100), 16);
  EXPECT_EQ(FreeStacks(&global_, kGFreeSmall, &pool_, 100), 16);
  EXPECT_EQ(FreeStacks(&global_, kGFreeSmall, &pool_, 100), 1);
  EXPECT_EQ(FreeStacks(&global_, kGFreeSmall, &pool_, 100), 0);
  EXPECT_EQ(TakeNoStack().size(), 33u);
  EXPECT_EQ(TakeWithStack().size(), 2u);
  EXPECT_TRUE(TakeWithStack(kGFreeSmall).empty());
}

TEST_F(GFreeTest, TheFewestFreeOnesOfAPeriodAreIdle) {
  FillGlobal(3, kWithStack);
  FillGlobal(5, kNoStack);
  GfPut(no_p_, NewG(kWithStack, stack::kMinStack), kSize);
  MarkIdle(&global_);
  G* const gp = GfGet(no_p_, kSize);
  GfPut(no_p_, gp, kSize);
  GfPut(no_p_, NewG(kWithStack), kSize);
  const IdleGs idle = MarkIdle(&global_);
  EXPECT_EQ(idle.of[kGFreeStarting], 2);
  EXPECT_EQ(idle.of[kGFreeSmall], 1);
  EXPECT_EQ(idle.of[kGFreeNoStack], 5);
}

// A batch is taken of a block that was given back; most of it is not needed,
// and comes back as it was.
TEST_F(GFreeTest, ABlockGoesBackThoughSomeOfItWereNotUsed) {
  constexpr int kBlock = AllGs::kBlock;
  FillGlobal(kBlock, kNoStack);
  ASSERT_EQ(FreeGs(&global_, kBlock), kBlock);
  EXPECT_EQ(FreeGs(&global_, kBlock), 0) << "it is back already";
  G* gp = GfGet(env_, kSize);
  ASSERT_EQ(ReadGStatus(gp), GStatus::kIdle);
  CasGStatus(gp, GStatus::kIdle, GStatus::kDead);
  GfPut(env_, gp, kSize);
  EXPECT_EQ(FreeGs(&global_, kBlock), 0) << "a P has some of it";
  GfPurge(&local_, &global_);
  EXPECT_EQ(FreeGs(&global_, kBlock), kBlock);
  for (int i = 0; i < kBlock; i++) {
    EXPECT_EQ(ReadGStatus(gs_[i]), GStatus::kIdle);
  }
}

TEST_F(GFreeTest, AThreadWithoutAPUsesTheGlobalList) {
  FillGlobal(2, kNoStack);
  FillGlobal(1, kWithStack);
  EXPECT_EQ(global_n(), 3);
  EXPECT_TRUE(GfGet(no_p_, kSize)->stack);
  EXPECT_FALSE(GfGet(no_p_, kSize)->stack);
  EXPECT_EQ(global_n(), 1);
  EXPECT_FALSE(GfGet(no_p_, kSize)->stack);
  EXPECT_EQ(GfGet(no_p_, kSize), nullptr);
  EXPECT_EQ(global_n(), 0);
}

TEST_F(GFreeTest, PurgeMovesAllToTheGlobalList) {
  FillLocal(3, kWithStack);
  FillLocal(4, kNoStack);
  GfPurge(&local_, &global_);
  EXPECT_EQ(local_.n(), 0);
  EXPECT_EQ(global_n(), 7);
  GfPurge(&local_, &global_);  // of nothing
  EXPECT_EQ(global_n(), 7);
  EXPECT_EQ(TakeWithStack().size(), 3u);
  EXPECT_EQ(TakeNoStack().size(), 4u);
}

TEST_F(GFreeTest, AFreeStackIsPoisonedUntilItIsReused) {
  G* const gp = NewG(kWithStack);
  const uintptr_t lo = gp->stack.lo, last = gp->stack.hi - 1;
  EXPECT_FALSE(Poisoned(lo));
  for (const GFreeEnv& env : {env_, no_p_}) {
    GfPut(env, gp, kSize);
    EXPECT_EQ(Poisoned(lo), sanitizer::kAsan);
    EXPECT_EQ(Poisoned(last), sanitizer::kAsan);
    EXPECT_EQ(GfGet(env, kSize), gp);
    EXPECT_FALSE(Poisoned(lo));
    EXPECT_FALSE(Poisoned(last));
  }
  // One of the wrong size stays poisoned: it is the pool's now.
  GfPut(env_, gp, kSize);
  GfGet(env_, 2 * kSize);
  EXPECT_EQ(Poisoned(lo), sanitizer::kAsan);
}

TEST_F(GFreeDeathTest, AGThatIsNotDeadIsRefused) {
  G* const gp = NewG(kNoStack);
  CasGStatus(gp, GStatus::kDead, GStatus::kRunnable);
  EXPECT_DEATH(GfPut(env_, gp, kSize),
               "fatal error: gfput: bad status \\(not Gdead\\)");
}

// Ps that spill and refill, and a thread without a P: all Gs are there in the
// end, each once.
TEST_F(GFreeTest, ThreadsShareTheGlobalList) {
  constexpr int kThreads = 3, kGs = 200, kRounds = 300;
  FillGlobal(kGs, kNoStack);
  const auto work = [this](bool has_p) {
    GFreeLocal local;
    const GFreeEnv env{has_p ? &local : nullptr, &global_, &pool_, nullptr};
    std::vector<G*> mine;
    for (int round = 0; round < kRounds; round++) {
      for (int i = 0; i < 70; i++) {
        G* const gp = GfGet(env, kSize);
        if (gp == nullptr) break;
        gp->goid++;  // plain: TSan sees whether the lists order it
        mine.push_back(gp);
      }
      for (; !mine.empty(); mine.pop_back()) GfPut(env, mine.back(), kSize);
    }
    GfPurge(&local, &global_);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; i++) threads.emplace_back(work, i != 0);
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(global_n(), kGs);
  const std::vector<G*> all = TakeNoStack();
  EXPECT_EQ(std::set<G*>(all.begin(), all.end()).size(), size_t{kGs});
}

}  // namespace
}  // namespace heddle::sched
