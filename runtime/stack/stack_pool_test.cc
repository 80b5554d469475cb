#include "heddle/runtime/stack/stack_pool.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "heddle/runtime/os/process_for_test.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/stack/canary.h"
#include "heddle/runtime/stack/memory.h"
#include "heddle/runtime/stack/span_space.h"
#include "heddle/runtime/stack/stack.h"
#include "heddle/runtime/stack/stack_cache.h"

namespace heddle::stack {
namespace {

constexpr int kCapacity = StackCache::kCapacity;

Stack MustAlloc(StackPool& pool, StackCache* cache, size_t size) {
  absl::StatusOr<Stack> stack = pool.Alloc(cache, size);
  EXPECT_TRUE(stack.ok()) << stack.status();
  return stack.ok() ? *stack : Stack{};
}

// Every test runs with both kinds of guard.
class StackPoolTest : public testing::TestWithParam<GuardKind> {
 protected:
  StackPoolTest() : pool_(GetParam()) {}
  ~StackPoolTest() override {
    cache_.Flush(&pool_);
    EXPECT_EQ(pool_.stats().taken_stacks, 0u) << "a test leaks stacks";
    EXPECT_EQ(pool_.stats().taken_bytes, 0u);
  }

  StackPool pool_;
  StackCache cache_;
};

INSTANTIATE_TEST_SUITE_P(Guards, StackPoolTest,
                         testing::Values(GuardKind::kMadvise,
                                         GuardKind::kMprotect),
                         [](const auto& info) {
                           return std::string(info.param == GuardKind::kMadvise
                                                  ? "Madvise"
                                                  : "Mprotect");
                         });

TEST_P(StackPoolTest, EverySizeIsWhollyUsable) {
  for (size_t size = PageSize(); size <= (size_t{8} << 20); size *= 2) {
    const Stack stack = MustAlloc(pool_, &cache_, size);
    EXPECT_EQ(stack.size(), size);
    EXPECT_EQ(stack.lo % PageSize(), 0u);
    std::memset(reinterpret_cast<void*>(stack.lo), 0xa5, size);
    pool_.Free(&cache_, stack);
  }
}

TEST_P(StackPoolTest, TheLargestSizeIsGivenOut) {
  const Stack stack = MustAlloc(pool_, &cache_, kMaxStack);
  *reinterpret_cast<char*>(stack.lo) = 1;
  *reinterpret_cast<char*>(stack.hi - 1) = 1;
  pool_.Free(&cache_, stack);
}

TEST_P(StackPoolTest, AWrongSizeIsAnError) {
  for (size_t size :
       {size_t{0}, size_t{1}, kMinStack / 2, PageSize() + 1, size_t{65535},
        3 * PageSize(), 2 * kMaxStack, ~size_t{0}}) {
    const absl::Status status = pool_.Alloc(&cache_, size).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << size;
    EXPECT_EQ(status.message(), "stack size " + std::to_string(size) +
                                    " is not a power of two between " +
                                    std::to_string(kMinStack) +
                                    " and 1073741824 bytes");
  }
  EXPECT_EQ(pool_.stats().mapped_bytes, 0u);
}

TEST_P(StackPoolTest, ACacheGivesTheLastOneFreedAndAPoolTheLowest) {
  const Stack a = MustAlloc(pool_, &cache_, 64 << 10);
  const Stack b = MustAlloc(pool_, &cache_, 64 << 10);
  pool_.Free(&cache_, a);
  pool_.Free(&cache_, b);
  EXPECT_EQ(MustAlloc(pool_, &cache_, 64 << 10), b);
  EXPECT_EQ(MustAlloc(pool_, &cache_, 64 << 10), a);
  pool_.Free(nullptr, a);
  pool_.Free(nullptr, b);
  EXPECT_LT(a.lo, b.lo);
  EXPECT_EQ(MustAlloc(pool_, nullptr, 64 << 10), a);
  pool_.Free(nullptr, a);
}

TEST_P(StackPoolTest, AnEmptyCacheIsFilledToHalf) {
  const Stack stack = MustAlloc(pool_, &cache_, 16 << 10);
  const int order = OrderOf(16 << 10);
  EXPECT_EQ(cache_.count(order), kCapacity / 2 - 1);
  EXPECT_EQ(pool_.stats().taken_stacks, size_t{kCapacity / 2});
  // Other orders have lists of their own.
  EXPECT_EQ(cache_.bytes(), (kCapacity / 2 - 1) * size_t{16 << 10});
  pool_.Free(&cache_, stack);
  EXPECT_EQ(cache_.count(order), kCapacity / 2);
}

TEST_P(StackPoolTest, OfTheCacheAlone) {
  constexpr size_t kSize = 16 << 10;
  EXPECT_FALSE(StackPool::AllocCached(&cache_, kSize));
  EXPECT_FALSE(StackPool::AllocCached(&cache_, kMaxStack));
  const Stack stack = MustAlloc(pool_, &cache_, kSize);
  pool_.Free(&cache_, stack);
  const size_t taken = pool_.stats().taken_stacks;
  EXPECT_FALSE(StackPool::AllocCached(&cache_, 2 * kSize));
  EXPECT_EQ(StackPool::AllocCached(&cache_, kSize), stack);
  std::memset(reinterpret_cast<void*>(stack.lo), 1, stack.size());
  EXPECT_EQ(pool_.stats().taken_stacks, taken);
  pool_.Free(&cache_, stack);
}

TEST_P(StackPoolTest, AFullCacheReleasesHalfTheOldestFirst) {
  constexpr size_t kSize = 8 << 10;
  const int order = OrderOf(kSize);
  std::vector<Stack> stacks;
  for (int i = 0; i <= kCapacity; i++) {
    stacks.push_back(MustAlloc(pool_, nullptr, kSize));
  }
  for (int i = 0; i < kCapacity; i++) pool_.Free(&cache_, stacks[i]);
  EXPECT_EQ(cache_.count(order), kCapacity);
  pool_.Free(&cache_, stacks[kCapacity]);
  EXPECT_EQ(cache_.count(order), kCapacity / 2 + 1);
  EXPECT_EQ(pool_.stats().taken_stacks, size_t{kCapacity / 2 + 1});
  for (int i = kCapacity; i >= kCapacity / 2; i--) {
    EXPECT_EQ(MustAlloc(pool_, &cache_, kSize), stacks[i]);
  }
  for (int i = kCapacity / 2; i <= kCapacity; i++) {
    pool_.Free(&cache_, stacks[i]);
  }
}

TEST_P(StackPoolTest, FlushEmptiesTheCache) {
  for (size_t size = PageSize(); size <= kMaxSmallStack; size *= 2) {
    pool_.Free(&cache_, MustAlloc(pool_, &cache_, size));
  }
  EXPECT_GT(cache_.bytes(), 0u);
  EXPECT_EQ(cache_.bytes(), pool_.stats().taken_bytes);
  cache_.Flush(&pool_);
  EXPECT_EQ(cache_.bytes(), 0u);
  EXPECT_EQ(pool_.stats().taken_stacks, 0u);
  cache_.Flush(&pool_);
}

TEST_P(StackPoolTest, AFreeSpanIsReturnedAndOneIsKept) {
  std::vector<Stack> stacks;
  while (pool_.stats().spans < 4) {
    stacks.push_back(MustAlloc(pool_, nullptr, kMaxSmallStack));
  }
  for (const Stack& stack : stacks) pool_.Free(nullptr, stack);
  EXPECT_EQ(pool_.stats().spans, 1u);
  EXPECT_EQ(pool_.stats().mapped_bytes, kSpanSize);
  // The one that is kept serves the next.
  const Stack stack = MustAlloc(pool_, nullptr, kMaxSmallStack);
  EXPECT_EQ(pool_.stats().spans, 1u);
  pool_.Free(nullptr, stack);
}

TEST_P(StackPoolTest, ASpanIsFilledAgainAfterItWasFull) {
  std::vector<Stack> stacks;
  while (pool_.stats().spans < 3) {
    stacks.push_back(MustAlloc(pool_, nullptr, kMaxSmallStack));
  }
  // A hole in the first, full span is used before the third span's rest.
  const Stack hole = stacks.front();
  pool_.Free(nullptr, hole);
  EXPECT_EQ(MustAlloc(pool_, nullptr, kMaxSmallStack), hole);
  for (const Stack& stack : stacks) pool_.Free(nullptr, stack);
}

TEST_P(StackPoolTest, WhatNobodyNeedsGoesBack) {
  constexpr size_t kMany = 50;
  std::vector<Stack> stacks;
  for (size_t i = 0; i < kMany; i++) {
    stacks.push_back(MustAlloc(pool_, nullptr, kDefaultStack));
    *reinterpret_cast<char*>(stacks.back().hi - 1) = 1;
  }
  for (size_t i = 1; i < kMany; i++) pool_.Free(nullptr, stacks[i]);
  EXPECT_EQ(pool_.Return(kMany), 0) << "they were needed just now";
  pool_.MarkIdle();
  EXPECT_EQ(pool_.Return(kMany), 0);
  // Until the next mark ten of them are needed at once.
  for (size_t i = 1; i <= 10; i++) {
    EXPECT_EQ(MustAlloc(pool_, nullptr, kDefaultStack), stacks[i]);
  }
  for (size_t i = 1; i <= 10; i++) pool_.Free(nullptr, stacks[i]);
  pool_.MarkIdle();
  EXPECT_EQ(pool_.Return(9), 9);
  EXPECT_EQ(pool_.Return(kMany), kMany - 1 - 10 - 9);
  EXPECT_EQ(pool_.Return(kMany), 0);
  EXPECT_EQ(pool_.stats().free_stacks, kMany - 1);
  EXPECT_EQ(pool_.stats().returned_stacks, kMany - 1 - 10);
  EXPECT_EQ(pool_.stats().returned_bytes, (kMany - 11) * kDefaultStack);
  EXPECT_EQ(pool_.ReturnAll(), 10);
  EXPECT_EQ(pool_.stats().returned_stacks, kMany - 1);
  // They are as good as new.
  for (size_t i = 1; i < kMany; i++) {
    EXPECT_EQ(MustAlloc(pool_, nullptr, kDefaultStack), stacks[i]);
    EXPECT_EQ(*reinterpret_cast<char*>(stacks[i].hi - 1), 0);
  }
  EXPECT_EQ(pool_.stats().returned_stacks, 0u);
  for (const Stack& stack : stacks) pool_.Free(nullptr, stack);
}

// Whether the kernel may read the byte at `address`.
bool IsReadable(uintptr_t address) {
  int fds[2];
  if (pipe(fds) != 0) return false;
  // Not by write(), which sanitizers look at.
  const long n = syscall(SYS_write, fds[1], address, 1);
  const int error = errno;
  close(fds[0]);
  close(fds[1]);
  EXPECT_TRUE(n == 1 || error == EFAULT) << error;
  return n == 1;
}

// By whichever call it came, alone or with others; and as before if the stack
// was free meanwhile.
TEST_P(StackPoolTest, EachStackHasItsGuard) {
  const size_t n = 2 * kSpanSize / kDefaultStack;
  for (int round = 0; round < 2; round++) {
    std::vector<Stack> stacks;
    for (size_t i = 0; i < n; i++) {
      StackCache* const cache = i % 64 < 10 ? nullptr : &cache_;
      const absl::StatusOr<Stack> stack = pool_.Alloc(cache, kDefaultStack);
      ASSERT_TRUE(stack.ok());
      EXPECT_TRUE(IsReadable(stack->lo));
      EXPECT_TRUE(IsReadable(stack->hi - 1));
      EXPECT_FALSE(IsReadable(stack->lo - 1));
      EXPECT_FALSE(IsReadable(stack->lo - PageSize()));
      stacks.push_back(*stack);
    }
    const StackPool::Stats stats = pool_.stats();
    EXPECT_GE(stats.guarded_stacks, n);
    EXPECT_EQ(stats.canary_stacks, 0u);
    for (const Stack& stack : stacks) pool_.Free(&cache_, stack);
  }
}

TEST_P(StackPoolTest, SmallStacksHaveCanaries) {
  EXPECT_TRUE(pool_.NeedsCanary(kMinStack));
  EXPECT_FALSE(pool_.NeedsCanary(PageSize()));
  const Stack a = MustAlloc(pool_, nullptr, kMinStack);
  const Stack b = MustAlloc(pool_, nullptr, kMinStack);
  EXPECT_EQ(b.lo, a.hi);
  EXPECT_EQ(pool_.stats().canary_stacks, 2u);
  EXPECT_EQ(pool_.stats().guarded_stacks, 0u);
  SetCanary(a);
  SetCanary(b);
  EXPECT_TRUE(CanaryLives(a));
  // The last word that the next one up would write, and what it might copy.
  auto* words = reinterpret_cast<uint64_t*>(b.lo);
  words[1] = 0;
  EXPECT_FALSE(CanaryLives(b));
  memcpy(words, reinterpret_cast<void*>(a.lo), kCanarySize);
  EXPECT_FALSE(CanaryLives(b));
  EXPECT_TRUE(CanaryLives(a));
  pool_.Free(nullptr, a);
  pool_.Free(nullptr, b);
}

TEST_P(StackPoolTest, LargeStacksAreReusedAndLoseTheirPages) {
  constexpr size_t kSize = size_t{4} << 20;
  const Stack stack = MustAlloc(pool_, &cache_, kSize);
  auto* const bottom = reinterpret_cast<char*>(stack.lo);
  auto* const top = reinterpret_cast<char*>(stack.hi - 1);
  *bottom = 1;
  *top = 1;
  pool_.Free(&cache_, stack);
  EXPECT_EQ(pool_.stats().free_bytes, kSize);
  ASSERT_EQ(MustAlloc(pool_, &cache_, kSize), stack);
  EXPECT_EQ(*bottom, 0) << "its memory was not given back";
  EXPECT_EQ(*top, 1) << "the part that is kept";
  // Another size is another list.
  const Stack other = MustAlloc(pool_, &cache_, 2 * kSize);
  EXPECT_NE(other.lo, stack.lo);
  pool_.Free(&cache_, stack);
  pool_.Free(&cache_, other);
}

TEST_P(StackPoolTest, FewLargeStacksAreKept) {
  constexpr size_t kSize = size_t{1} << 20;
  std::vector<Stack> stacks;
  for (int i = 0; i < StackPool::kMaxFreeLarge + 3; i++) {
    stacks.push_back(MustAlloc(pool_, nullptr, kSize));
  }
  for (const Stack& stack : stacks) pool_.Free(nullptr, stack);
  EXPECT_EQ(pool_.stats().free_stacks, size_t{StackPool::kMaxFreeLarge});
  EXPECT_EQ(pool_.stats().mapped_bytes,
            StackPool::kMaxFreeLarge * (kSize + 2 * PageSize()));
}

TEST_P(StackPoolTest, MappingsDoNotGrow) {
  const auto round = [&](int i) {
    const size_t size = PageSize() << (i % 11);
    const Stack a = MustAlloc(pool_, &cache_, size);
    const Stack b = MustAlloc(pool_, i % 3 == 0 ? nullptr : &cache_, size);
    ASSERT_NE(a, b);
    pool_.Free(&cache_, a);
    pool_.Free(i % 7 == 0 ? nullptr : &cache_, b);
  };
  // The most that is mapped in so many rounds.
  const auto most_in = [&](int rounds) {
    size_t most = 0;
    for (int i = 0; i < rounds; i++) {
      round(i);
      most = std::max(most, pool_.stats().mapped_bytes);
    }
    return most;
  };
  const size_t most = most_in(1000);
  const int mappings = os::CountMappings();
  EXPECT_LE(most_in(50'000), most);
  // A few for malloc's and the sanitizers' own.
  EXPECT_LT(os::CountMappings(), mappings + 20);
}

TEST(StackPool, TenThousandStacksAreOneMappingWhenTheKernelHasGuards) {
  if (ProbeGuardKind() != GuardKind::kMadvise) {
    GTEST_SKIP() << "this kernel has no MADV_GUARD_INSTALL (Linux 6.13)";
  }
  StackPool pool;
  EXPECT_EQ(pool.guard_kind(), GuardKind::kMadvise);
  const int before = os::CountMappings();
  std::set<uintptr_t> seen;
  for (int i = 0; i < 10'000; i++) {
    seen.insert(MustAlloc(pool, nullptr, kDefaultStack).lo);
  }
  EXPECT_EQ(seen.size(), 10'000u);
  // Cut at each guard, it would be 20,000. TSan keeps some for its shadow.
  EXPECT_LT(os::CountMappings(), before + 1000);
}

TEST(StackPool, ItsEndUnmapsStacksThatAreStillInUse) {
  const int before = os::CountMappings();
  for (int i = 0; i < 20; i++) {
    StackPool pool(GuardKind::kMprotect);
    for (int j = 0; j < 100; j++) {
      MustAlloc(pool, nullptr, kDefaultStack);
      MustAlloc(pool, nullptr, 2 * kMaxSmallStack);
    }
  }
  // Leaked, each stack would be two. TSan keeps some for its shadow.
  EXPECT_LT(os::CountMappings(), before + 1000);
}

TEST(StackPool, ThreadsWithTheirCachesShareAPool) {
  constexpr int kThreads = 4;
  StackPool pool;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&pool, t] {
      StackCache cache;
      std::vector<Stack> held;
      for (int i = 0; i < 5'000; i++) {
        const size_t size = PageSize() << ((i + t) % 3);
        const Stack stack = MustAlloc(pool, &cache, size);
        // Plain writes: TSan reports it if two threads have one stack.
        *reinterpret_cast<int*>(stack.hi - 16) = t;
        held.push_back(stack);
        if (held.size() == 40 || i % 97 == 0) {
          for (const Stack& s : held) {
            EXPECT_EQ(*reinterpret_cast<int*>(s.hi - 16), t);
            pool.Free(&cache, s);
          }
          held.clear();
        }
      }
      for (const Stack& s : held) pool.Free(&cache, s);
      cache.Flush(&pool);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(pool.stats().taken_stacks, 0u);
}

using StackPoolDeathTest = StackPoolTest;

INSTANTIATE_TEST_SUITE_P(Guards, StackPoolDeathTest,
                         testing::Values(GuardKind::kMadvise,
                                         GuardKind::kMprotect));

TEST_P(StackPoolDeathTest, RunningOverTheLowEndFaults) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  for (size_t size :
       {PageSize(), kDefaultStack, kMaxSmallStack, 2 * kMaxSmallStack}) {
    const Stack stack = MustAlloc(pool_, &cache_, size);
    volatile char* const below = reinterpret_cast<char*>(stack.lo) - 1;
    // Plainly: killed by SIGSEGV. The sanitizers' handlers report it and exit.
    if (sanitizer::kAsan || sanitizer::kTsan) {
      EXPECT_DEATH(*below = 1, "SEGV");
    } else {
      EXPECT_EXIT(*below = 1, testing::KilledBySignal(SIGSEGV), "");
    }
    pool_.Free(&cache_, stack);
  }
}

TEST_P(StackPoolDeathTest, MisuseIsFatal) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  for (size_t size : {kDefaultStack, 2 * kMaxSmallStack}) {
    const Stack stack = MustAlloc(pool_, nullptr, size);
    const Stack kept = MustAlloc(pool_, nullptr, size);
    EXPECT_DEATH(
        {
          pool_.Free(nullptr, stack);
          pool_.Free(nullptr, stack);
        },
        "stack: free of a stack that is not in use");
    EXPECT_DEATH(pool_.Free(nullptr, {stack.lo, stack.hi - 1}),
                 "stack: free of a stack with a bad size");
    EXPECT_DEATH(
        {
          StackPool other(GetParam());
          other.Free(nullptr, stack);
        },
        "stack: free of (another pool's stack|a stack that is not in use)");
    pool_.Free(nullptr, stack);
    pool_.Free(nullptr, kept);
  }
}

TEST_P(StackPoolDeathTest, AFreeStackIsPoisonedForAsan) {
  if (!sanitizer::kAsan) GTEST_SKIP() << "for AddressSanitizer";
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  for (size_t size : {kDefaultStack, 2 * kMaxSmallStack}) {
    const Stack stack = MustAlloc(pool_, &cache_, size);
    pool_.Free(&cache_, stack);
    volatile char* const top = reinterpret_cast<char*>(stack.hi) - 1;
    EXPECT_DEATH(*top = 1, "use-after-poison");
    ASSERT_EQ(MustAlloc(pool_, &cache_, size), stack);
    *top = 1;
    pool_.Free(&cache_, stack);
  }
}

}  // namespace
}  // namespace heddle::stack
