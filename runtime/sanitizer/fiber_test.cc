// Fibers and the stack hooks under each sanitizer, on the real context switch.
// Without a sanitizer this checks that the empty hooks compile and do nothing.

#include "heddle/runtime/sanitizer/fiber.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "heddle/runtime/arch/context_for_test.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::sanitizer {
namespace {

using arch::Context;

TEST(Fiber, SwitchesTenThousandTimesWithLocals) {
  int sum = 0;
  Context context([&](Context& c) {
    for (int i = 0; i < 10'000; i++) {
      // A local with redzones, live across the switch.
      char text[32];
      std::snprintf(text, sizeof text, "%d", i);
      c.Suspend();
      sum += std::atoi(text) == i;
    }
  });
  while (!context.done()) {
    char text[64];
    std::memset(text, 'x', sizeof text);
    context.Resume();
    ASSERT_EQ(text[63], 'x');
  }
  EXPECT_EQ(sum, 10'000);
}

void ThrowDeep(int depth) {
  char padding[256];
  std::memset(padding, depth, sizeof padding);
  asm volatile("" : : "r"(padding) : "memory");
  if (depth == 0) throw std::runtime_error("deep");
  ThrowDeep(depth - 1);
  asm volatile("");
}

TEST(Fiber, ThrowsAndGoesOn) {
  int caught = 0;
  Context context([&](Context& c) {
    for (int i = 0; i < 100; i++) {
      try {
        ThrowDeep(10);
      } catch (const std::runtime_error&) {
        caught++;
      }
      c.Suspend();
    }
  });
  while (!context.done()) {
    context.Resume();
    try {
      ThrowDeep(10);
    } catch (const std::runtime_error&) {
    }
  }
  EXPECT_EQ(caught, 100);
}

// More than the 8,128 that g++ 12's TSan can have alive.
TEST(Fiber, IsDestroyedAndMadeAgainAndAgain) {
  int ran = 0;
  for (int i = 0; i < 10'000; i++) {
    Context context([&](Context& c) {
      ran++;
      if (i % 2 == 0) c.Suspend();  // abandoned, with its frames
    });
    context.Resume();
  }
  EXPECT_EQ(ran, 10'000);
}

TEST(Fiber, OneThatNeverRunsCostsNothing) {
  Context context([](Context&) {});
#if HEDDLE_TSAN
  EXPECT_EQ(context.fiber()->tsan, nullptr);
  context.Resume();
  EXPECT_NE(context.fiber()->tsan, nullptr);
#endif
}

TEST(Fiber, LearnsTheBoundsOfAThreadsOwnStack) {
#if HEDDLE_FIBER_BOUNDS
  const auto check = [] {
    const void* lo = nullptr;
    size_t size = 0;
    Context context([&](Context& c) {
      lo = c.g0_fiber()->lo;
      size = c.g0_fiber()->size;
    });
    context.Resume();
    const auto frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    EXPECT_GT(frame, reinterpret_cast<uintptr_t>(lo));
    EXPECT_LT(frame, reinterpret_cast<uintptr_t>(lo) + size);
  };
  check();
  std::thread(check).join();
#else
  GTEST_SKIP() << "for AddressSanitizer";
#endif
}

TEST(Fiber, MovesBetweenThreads) {
  int steps = 0;
  Context context([&](Context& c) {
    for (; steps < 100; steps++) {
      std::string text(100, 'x');
      c.Suspend();
      ASSERT_EQ(text.size(), 100u);
    }
  });
  while (!context.done()) std::thread([&] { context.Resume(); }).join();
  EXPECT_EQ(steps, 100);
}

#if HEDDLE_ASAN
[[gnu::noinline]] void Write(char* p) { *p = 1; }

TEST(FiberDeathTest, AnOverflowInAFiberIsReported) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        Context context([](Context& c) {
          char text[8];
          Write(text);
          c.Suspend();
          Write(text + sizeof text);
        });
        context.Resume();
        context.Resume();
      },
      "stack-buffer-overflow");
}
#endif

#if HEDDLE_TSAN
TEST(FiberDeathTest, ARaceOfTwoFibersIsReported) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        int shared = 0;
        std::atomic<bool> first_done{false};
        std::thread other([&] {
          Context([&](Context&) {
            shared++;
            // relaxed, so that it orders nothing: this is the race.
            first_done.store(true, std::memory_order_relaxed);
          }).Resume();
        });
        Context([&](Context&) {
          while (!first_done.load(std::memory_order_relaxed)) {
          }
          shared++;
        }).Resume();
        other.join();
      },
      "data race");
}
#endif

}  // namespace
}  // namespace heddle::sanitizer
