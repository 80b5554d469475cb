// Stacks of 2 KiB, which have a canary instead of a guard page.

#include <cstring>
#include <mutex>

#include "absl/base/attributes.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/stack/canary.h"

namespace heddle {
namespace {

constexpr bool kSanitized =
    sanitizer::kAsan || sanitizer::kTsan || sanitizer::kMsan;
constexpr GoOptions kSmall = {.stack_size = 2048};

TEST(SmallStackTest, GoroutinesParkAndEnd) {
  constexpr int kMany = kSanitized ? 500 : 10'000;
  for (int procs : {1, 2}) {
    heddle::Run(Options{.procs = procs}, [&] {
      WaitGroup gate;
      WaitGroup done;
      Mutex mutex;
      int sum = 0;
      gate.Add(1);
      done.Add(kMany);
      for (int i = 0; i < kMany; i++) {
        Go(kSmall, [&] {
          gate.Wait();
          {
            const std::lock_guard<Mutex> lock(mutex);
            sum++;
            Yield();
          }
          done.Done();
        });
      }
      Yield();
      gate.Done();
      done.Wait();
      EXPECT_EQ(sum, kMany);
    });
  }
}

TEST(SmallStackTest, TakesTwoKiB) {
  if (kSanitized) GTEST_SKIP() << "instrumented frames get more";
  heddle::Run([] {
    WaitGroup wg;
    wg.Add(1);
    Go(kSmall, [&] {
      EXPECT_EQ(sched::Getg()->stack.size(), 2048);
      EXPECT_TRUE(sched::Getg()->marks.canary());
      wg.Done();
    });
    wg.Wait();
    EXPECT_FALSE(sched::Getg()->marks.canary());
  });
}

// A goroutine that ran over the end, as far as the canary can tell.
ABSL_ATTRIBUTE_NOINLINE void RunOver() {
  const sched::G* gp = sched::Getg();
  // Not what a frame would do to the neighbour below: that would die first.
  std::memset(reinterpret_cast<void*>(gp->stack.lo), 1, stack::kCanarySize);
}

TEST(SmallStackDeathTest, AnOverflowIsFoundWhenItParksOrEnds) {
  if (kSanitized) GTEST_SKIP() << "instrumented frames get more";
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  constexpr char kReport[] =
      "runtime: goroutine 2 has run over the end of its stack \\[0x[0-9a-f]+, "
      "0x[0-9a-f]+\\) of 2048 bytes, which has no guard page, and over what "
      "lies below. Give it more: GoOptions::stack_size\n"
      "fatal error: stack overflow\n\ngoroutine 2 \\[running\\]:\n";
  const auto run = [](auto what) {
    heddle::Run(Options{.procs = 1, .preempt = false}, [&] {
      Go(kSmall, what);
      Yield();
    });
  };
  EXPECT_DEATH(run([] {
                 RunOver();
                 Yield();
               }),
               kReport);
  EXPECT_DEATH(run([] { RunOver(); }), kReport);
}

}  // namespace
}  // namespace heddle
