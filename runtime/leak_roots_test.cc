// Under AddressSanitizer, LeakSanitizer sees through goroutines: what only a
// parked one's stack or registers point to is no leak, and what nothing points
// to is one. Without the hook (DropLeakRootsForTest) all would be.

#include "heddle/runtime/sched/leak_roots.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#if HEDDLE_ASAN
#include <sanitizer/lsan_interface.h>
#endif

namespace heddle {
namespace {

#if HEDDLE_ASAN

constexpr size_t kBytes = 321;

[[gnu::noinline]] void Use(void* p) { asm volatile("" : : "r"(p) : "memory"); }

// Each keeps the only pointer to a block in another way, and parks.
[[gnu::noinline]] void HoldInRegister(Mutex* mu) {
  auto* p = static_cast<char*>(std::malloc(kBytes));
  mu->Lock();
  mu->Unlock();
  Use(p);
  std::free(p);
}

[[gnu::noinline]] void HoldOnStack(Mutex* mu) {
  char* volatile p = static_cast<char*>(std::malloc(kBytes));
  mu->Lock();
  mu->Unlock();
  std::free(p);
}

// On the fake stack, with detect_stack_use_after_return=1.
[[gnu::noinline]] void HoldInArray(Mutex* mu) {
  char* p[4] = {nullptr, nullptr, static_cast<char*>(std::malloc(kBytes))};
  Use(p);
  mu->Lock();
  mu->Unlock();
  Use(p);
  std::free(p[2]);
}

[[gnu::noinline]] void HoldNothing(Mutex* mu) {
  Use(std::malloc(kBytes));
  mu->Lock();
  mu->Unlock();
}

using Hold = void (*)(Mutex* mu);

// Nonzero if the check finds leaks while n goroutines hold.
int CheckWhile(Hold hold, int n, int64_t* ns = nullptr) {
  int found = 0;
  heddle::Run(Options{.procs = 1, .preempt = false}, [&] {
    Mutex mu;
    WaitGroup wg;
    mu.Lock();
    for (int i = 0; i < n; i++) {
      wg.Go([&] { hold(&mu); });
    }
    // Until all have parked.
    for (int i = 0; i < 3; i++) Yield();
    const int64_t start = os::Nanotime();
    found = __lsan_do_recoverable_leak_check();
    if (ns != nullptr) *ns = os::Nanotime() - start;
    mu.Unlock();
    wg.Wait();
  });
  return found;
}

class LeakRootsTest : public testing::TestWithParam<Hold> {};

TEST_P(LeakRootsTest, WhatAParkedGoroutineHoldsIsNoLeak) {
  EXPECT_EQ(CheckWhile(GetParam(), 20), 0);
}

TEST_P(LeakRootsTest, WithoutTheHookItIs) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        sched::DropLeakRootsForTest();
        std::_Exit(CheckWhile(GetParam(), 20));
      },
      testing::ExitedWithCode(1), "leak of .* byte");
}

INSTANTIATE_TEST_SUITE_P(All, LeakRootsTest,
                         testing::Values(HoldInRegister, HoldOnStack,
                                         HoldInArray));

TEST(LeakRootsDeathTest, WhatNobodyHoldsIsALeak) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(std::_Exit(CheckWhile(HoldNothing, 20)),
              testing::ExitedWithCode(1), "HoldNothing");
}

[[gnu::noinline]] int CheckUnder(void* p) {
  int found = 0;
  heddle::Run([&] { found = __lsan_do_recoverable_leak_check(); });
  Use(p);
  return found;
}

TEST(LeakRoots, WhatTheThreadHoldsThatRunsAGoroutineIsNoLeak) {
  char* volatile p = static_cast<char*>(std::malloc(kBytes));
  EXPECT_EQ(CheckUnder(p), 0);
  std::free(p);
}

TEST(LeakRoots, AtTheEndOfTheProcessToo) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(heddle::Run([] {
                static Mutex mu;
                mu.Lock();
                for (int i = 0; i < 20; i++) Go([] { HoldInRegister(&mu); });
                for (int i = 0; i < 3; i++) Yield();
                std::exit(0);
              }),
              testing::ExitedWithCode(0), "");
}

TEST(LeakRoots, AHundredThousandGoroutinesTakeNoMinutes) {
  int64_t ns = 0;
  EXPECT_EQ(CheckWhile(HoldOnStack, 100'000, &ns), 0);
  std::printf("a check with 100,000 parked goroutines: %.2f s\n",
              static_cast<double>(ns) / 1e9);
}

#else

TEST(LeakRoots, AreForAddressSanitizer) { GTEST_SKIP(); }

#endif

}  // namespace
}  // namespace heddle
