// What happens when the system refuses. The linker sends this program's calls
// of mmap, madvise and mprotect here first (-Wl,--wrap), so that no hook stands
// in the product.

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/stack/memory.h"
#include "heddle/runtime/stack/span.h"
#include "heddle/runtime/stack/stack.h"
#include "heddle/runtime/stack/stack_cache.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace {

// How many more calls succeed; negative: all.
int mmaps_left = -1;
int mprotects_left = -1;
// What MADV_GUARD_INSTALL says; 0: it works.
int guard_install_error = 0;
constexpr int kMadvGuardInstall = 102;

bool Refused(int* left) {
  if (*left < 0) return false;
  if (*left == 0) {
    errno = ENOMEM;
    return true;
  }
  --*left;
  return false;
}

}  // namespace

extern "C" {
void* __real_mmap(void*, size_t, int, int, int, off_t);
int __real_madvise(void*, size_t, int);
int __real_mprotect(void*, size_t, int);

void* __wrap_mmap(void* addr, size_t size, int prot, int flags, int fd,
                  off_t offset) {
  if (Refused(&mmaps_left)) return MAP_FAILED;
  return __real_mmap(addr, size, prot, flags, fd, offset);
}

int __wrap_madvise(void* addr, size_t size, int advice) {
  if (advice == kMadvGuardInstall && guard_install_error != 0) {
    errno = guard_install_error;
    return -1;
  }
  return __real_madvise(addr, size, advice);
}

int __wrap_mprotect(void* addr, size_t size, int prot) {
  if (Refused(&mprotects_left)) return -1;
  return __real_mprotect(addr, size, prot);
}
}

namespace heddle::stack {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class StackPoolOom : public testing::Test {
 protected:
  ~StackPoolOom() override { AllWell(); }
  static void AllWell() {
    mmaps_left = -1;
    mprotects_left = -1;
    guard_install_error = 0;
  }
};

TEST_F(StackPoolOom, AMappingThatIsRefusedIsAnErrorWithCauseAndCure) {
  for (size_t size : {kDefaultStack, 4 * kMaxSmallStack}) {
    for (bool cached : {false, true}) {
      StackPool pool;
      StackCache cache;
      mmaps_left = 0;
      const absl::Status status =
          pool.Alloc(cached ? &cache : nullptr, size).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
      for (const char* part :
           {"Cannot allocate memory", "ulimit -v", "vm.max_map_count",
            "vm.overcommit_memory", "0 stacks of 0 MiB"}) {
        EXPECT_THAT(std::string(status.message()), HasSubstr(part));
      }
      EXPECT_THAT(std::string(status.message()),
                  HasSubstr("for a stack of " + std::to_string(size)));
      // Nothing is broken: with memory, it goes on.
      AllWell();
      const absl::StatusOr<Stack> stack = pool.Alloc(&cache, size);
      ASSERT_TRUE(stack.ok());
      pool.Free(&cache, *stack);
      cache.Flush(&pool);
      EXPECT_EQ(pool.stats().taken_stacks, 0u);
    }
  }
}

TEST_F(StackPoolOom, WhatIsThereIsGivenOutBeforeTheError) {
  StackPool pool;
  StackCache cache;
  std::vector<Stack> stacks;
  absl::StatusOr<Stack> stack = pool.Alloc(nullptr, kMaxSmallStack);
  mmaps_left = 0;  // no second span
  while (stack.ok()) {
    stacks.push_back(*stack);
    stack = pool.Alloc(&cache, kMaxSmallStack);
  }
  // All of the span: a refill that gets less than half a cache is used.
  EXPECT_EQ(stacks.size(), kSpanSize / (kMaxSmallStack + PageSize()));
  AllWell();
  for (const Stack& s : stacks) pool.Free(&cache, s);
  cache.Flush(&pool);
}

TEST_F(StackPoolOom, WhereGuardsAreRefusedThereAreCanaries) {
  for (size_t size : {kDefaultStack, 4 * kMaxSmallStack}) {
    StackPool pool(GuardKind::kMprotect);
    std::vector<Stack> stacks;
    const auto take = [&] {
      const absl::StatusOr<Stack> stack = pool.Alloc(nullptr, size);
      ASSERT_TRUE(stack.ok()) << stack.status();
      stacks.push_back(*stack);
    };
    mprotects_left = 3;
    for (int i = 0; i < 3; i++) take();
    EXPECT_FALSE(pool.NeedsCanary(size));
    testing::internal::CaptureStderr();
    for (int i = 0; i < 3; i++) take();
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                AllOf(StartsWith("heddle: no more guard pages: Cannot allocate "
                                 "memory. Stacks from here on have canaries"),
                      HasSubstr("Raise vm.max_map_count")));
    EXPECT_TRUE(pool.NeedsCanary(size));
    if (size <= kMaxSmallStack) {
      EXPECT_EQ(pool.stats().guarded_stacks, 3u);
      EXPECT_EQ(pool.stats().canary_stacks, 3u);
    }
    AllWell();
    for (const Stack& s : stacks) pool.Free(nullptr, s);
    EXPECT_EQ(pool.stats().taken_stacks, 0u);
  }
}

// A process may have a limited number of mappings, and needs some itself.
TEST_F(StackPoolOom, GuardsByMprotectLeaveMappingsForOthers) {
  StackPool pool(GuardKind::kMprotect);
  const size_t n = MaxMappings() / 2;
  if (n > 100'000) GTEST_SKIP() << "vm.max_map_count is " << MaxMappings();
  std::vector<Stack> stacks;
  testing::internal::CaptureStderr();
  for (size_t i = 0; i < n; i++) {
    const absl::StatusOr<Stack> stack = pool.Alloc(nullptr, PageSize());
    ASSERT_TRUE(stack.ok()) << stack.status();
    stacks.push_back(*stack);
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("no more guard pages: they have used up most of"));
  EXPECT_EQ(pool.stats().guarded_stacks, MaxMappings() * 3 / 8);
  EXPECT_EQ(pool.stats().canary_stacks, n - MaxMappings() * 3 / 8);
  for (const Stack& s : stacks) pool.Free(nullptr, s);
}

TEST_F(StackPoolOom, AnOldKernelGetsMprotect) {
  guard_install_error = EINVAL;
  EXPECT_EQ(ProbeGuardKind(), GuardKind::kMprotect);
  StackPool pool;
  EXPECT_EQ(pool.guard_kind(), GuardKind::kMprotect);
  mprotects_left = 1;
  const absl::StatusOr<Stack> stack = pool.Alloc(nullptr, kDefaultStack);
  ASSERT_TRUE(stack.ok());
  EXPECT_EQ(mprotects_left, 0) << "no guard";
  pool.Free(nullptr, *stack);
}

TEST_F(StackPoolOom, AGuardThatFailsLaterIsMadeByMprotect) {
  StackPool pool(GuardKind::kMadvise);
  guard_install_error = EINVAL;  // as for locked memory
  mprotects_left = 1;
  const absl::StatusOr<Stack> stack = pool.Alloc(nullptr, kDefaultStack);
  ASSERT_TRUE(stack.ok());
  EXPECT_EQ(mprotects_left, 0) << "no guard";
  pool.Free(nullptr, *stack);
}

// Takes stacks until there are none, under a `ulimit -v` of 1 GiB; the exit
// status is 0 if nearly all of that went to stacks.
[[noreturn]] void TakeAllUnderALimit() {
  constexpr rlim_t kLimit = rlim_t{1} << 30;
  const rlimit limit{kLimit, kLimit};
  if (setrlimit(RLIMIT_AS, &limit) != 0) std::abort();
  StackPool pool;
  size_t bytes = 0;
  absl::StatusOr<Stack> stack = pool.Alloc(nullptr, kDefaultStack);
  while (stack.ok()) {
    bytes += stack->size();
    stack = pool.Alloc(nullptr, kDefaultStack);
  }
  std::fprintf(stderr, "%s\n", stack.status().ToString().c_str());
  std::_Exit(bytes > kLimit / 2 ? 0 : 1);
}

TEST(StackPoolOomDeathTest, TheLimitOnAddressSpaceIsAnErrorToo) {
  if (sanitizer::kAsan || sanitizer::kTsan || sanitizer::kMsan) {
    GTEST_SKIP() << "their shadow is beyond any limit";
  }
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(TakeAllUnderALimit(), testing::ExitedWithCode(0),
              "RESOURCE_EXHAUSTED: .*ulimit -v");
}

}  // namespace
}  // namespace heddle::stack
