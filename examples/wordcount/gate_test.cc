#include "examples/wordcount/gate.h"

#include <algorithm>
#include <mutex>
#include <vector>

#include "gtest/gtest.h"
#include "heddle.h"

namespace heddle::wordcount {
namespace {

TEST(GateTest, LetsNoMoreThanItsPlacesThrough) {
  for (const int procs : {1, 2, 8}) {
    heddle::Run(Options{.procs = procs}, [] {
      constexpr int kPlaces = 3;
      Gate gate(kPlaces);
      Mutex mutex;
      int inside = 0;
      int most = 0;
      int passed = 0;
      WaitGroup done;
      for (int i = 0; i < 100; ++i) {
        done.Go([&] {
          gate.Enter();
          {
            const std::scoped_lock lock(mutex);
            most = std::max(most, ++inside);
          }
          Yield();
          {
            const std::scoped_lock lock(mutex);
            --inside;
            ++passed;
          }
          gate.Leave();
        });
      }
      done.Wait();
      EXPECT_EQ(passed, 100);
      EXPECT_LE(most, kPlaces);
      EXPECT_GE(most, 1);
    });
  }
}

// With one P the order in which they come is that in which they are started.
TEST(GateTest, ServesThoseWhoWaitInTheirOrder) {
  std::vector<int> order;
  heddle::Run(Options{.procs = 1}, [&order] {
    Gate gate(1);
    gate.Enter();
    WaitGroup done;
    for (int i = 0; i < 5; ++i) {
      done.Go([&gate, &order, i] {
        gate.Enter();
        order.push_back(i);
        gate.Leave();
      });
      // Lets it come to the gate before the next one is started.
      for (int j = 0; j < 10; ++j) Yield();
    }
    gate.Leave();
    done.Wait();
  });
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

}  // namespace
}  // namespace heddle::wordcount
