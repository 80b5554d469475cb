#include "heddle.h"

#include <atomic>

#include "gtest/gtest.h"

namespace heddle {
namespace {

TEST(RuntimeTest, RunsMain) {
  EXPECT_EQ(heddle::Run([] { return 7; }), 7);
}

TEST(RuntimeTest, RunsGoroutines) {
  std::atomic<int> n{0};
  heddle::Run(Options{.procs = 2}, [&] {
    for (int i = 0; i < 1000; i++) Go([&] { n++; });
  });
  EXPECT_EQ(n, 1000);
}

TEST(RuntimeTest, WaitGroupAndYield) {
  std::atomic<int> n{0};
  heddle::Run(Options{.procs = 2}, [&] {
    WaitGroup wg;
    for (int i = 0; i < 100; i++) {
      wg.Go([&] {
        for (int j = 0; j < 100; j++) {
          n++;
          Yield();
        }
      });
    }
    wg.Wait();
    EXPECT_EQ(n, 10000);
  });
}

}  // namespace
}  // namespace heddle
