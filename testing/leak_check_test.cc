#include "heddle/testing/leak_check.h"

#include <atomic>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"

namespace heddle {
namespace {

using ::heddle::testing::ExpectNoGoroutineLeaks;
using ::heddle::testing::LeakCheck;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

[[gnu::noinline]] void WaitFor(WaitGroup* wg) {
  wg->Wait();
  asm volatile("");
}

[[gnu::noinline]] void StartWaiter(WaitGroup* wg) {
  Go({.name = "left behind"}, [wg] { WaitFor(wg); });
  asm volatile("");
}

class LeakCheckTest : public ::testing::TestWithParam<int> {
 protected:
  const Options options_{.procs = GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Procs, LeakCheckTest, ::testing::Values(1, 4));

TEST_P(LeakCheckTest, FindsWhatIsLeft) {
  WaitGroup wg;
  wg.Add(1);
  heddle::Run(options_, [&] {
    // Was there before.
    Go([&] { wg.Wait(); });
    LeakCheck check;
    StartWaiter(&wg);
    Go([] { Yield(); });
    const std::vector<debug::GoroutineInfo> leaked = check.Leaked();
    EXPECT_EQ(leaked.size(), 1);
    if (leaked.size() == 1) {
      EXPECT_EQ(leaked[0].name, "left behind");
      EXPECT_TRUE(leaked[0].blocked);
      EXPECT_THAT(
          leaked[0].stack,
          AllOf(HasSubstr("[semacquire"), HasSubstr("WaitFor"),
                ContainsRegex("created by .*StartWaiter.* in goroutine 1")));
    }
    wg.Done();
  });
}

TEST_P(LeakCheckTest, FailsTheTest) {
  WaitGroup wg;
  wg.Add(1);
  heddle::Run(options_, [&] {
    ::testing::TestPartResultArray failures;
    {
      const ::testing::ScopedFakeTestPartResultReporter reporter(
          ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS,
          &failures);
      ExpectNoGoroutineLeaks([&] {
        StartWaiter(&wg);
        StartWaiter(&wg);
      });
    }
    EXPECT_EQ(failures.size(), 1);
    if (failures.size() == 1) {
      EXPECT_THAT(failures.GetTestPartResult(0).message(),
                  AllOf(HasSubstr("goroutines are left: 2\n\ngoroutine "),
                        HasSubstr("created by ")));
    }
    wg.Done();
  });
}

// Goroutines that only need their turn are waited for, whatever they wait for
// in turn.
TEST_P(LeakCheckTest, WaitsForWhatEnds) {
  heddle::Run(options_, [] {
    ExpectNoGoroutineLeaks([] {
      auto* wg = new WaitGroup;
      wg->Add(20);
      for (int i = 0; i < 20; i++) {
        Go([wg, i] {
          for (int j = 0; j < 20; j++) Yield();
          if (i % 2 == 0) Blocking([] { os::Usleep(500); });
          wg->Done();
        });
      }
      Go([wg] {
        wg->Wait();
        delete wg;
      });
      Go({.system = true}, [] { Yield(); });
    });
  });
}

TEST_P(LeakCheckTest, NotForEver) {
  heddle::Run(options_, [] {
    std::atomic<bool> stop{false};
    WaitGroup done;
    LeakCheck check(absl::ZeroDuration());
    done.Go([&] {
      while (!stop) Yield();
    });
    const std::vector<debug::GoroutineInfo> leaked = check.Leaked();
    EXPECT_EQ(leaked.size(), 1);
    for (const auto& info : leaked) EXPECT_FALSE(info.blocked);
    stop = true;
    done.Wait();
  });
}

TEST(LeakCheckOutsideTest, OutsideAGoroutine) {
  EXPECT_NONFATAL_FAILURE(LeakCheck(), "outside a goroutine");
}

}  // namespace
}  // namespace heddle
