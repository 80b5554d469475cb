// After Go's once_test.go.

#include "heddle/runtime/sync/once.h"

#include <stdexcept>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

TEST(OnceTest, CallsOnceAndAllSeeIt) {
  for (int procs : {1, 2, 4}) {
    Once once;
    int n = 0;
    heddle::Run(Options{.procs = procs}, [&] {
      for (int i = 0; i < 20; i++) {
        Go([&] {
          once.Do([&] {
            Yield();  // the others come and wait
            n++;
          });
          EXPECT_EQ(n, 1);
        });
      }
    });
    EXPECT_EQ(n, 1);
  }
}

TEST(OnceTest, PlainThreadsToo) {
  Once once;
  int n = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      once.Do([&] { n++; });
      EXPECT_EQ(n, 1);
    });
  }
  heddle::Run([&] {
    for (int i = 0; i < 4; i++) Go([&] { once.Do([&] { n++; }); });
  });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(n, 1);
}

TEST(OnceTest, ACallThatThrowsCounts) {
  Once once;
  EXPECT_THROW(once.Do([] { throw std::runtime_error("first"); }),
               std::runtime_error);
  once.Do([] { ADD_FAILURE() << "called again"; });
}

TEST(OnceTest, ACallThatEndsItsGoroutineCounts) {
  Once once;
  heddle::Run([&] {
    WaitGroup wg;
    wg.Go([&] { once.Do([] { Goexit(); }); });
    wg.Wait();
    once.Do([] { ADD_FAILURE() << "called again"; });
  });
}

}  // namespace
}  // namespace heddle
