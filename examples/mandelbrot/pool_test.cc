#include "examples/mandelbrot/pool.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle::mandelbrot {
namespace {

using ::testing::UnorderedElementsAre;

TEST(PoolTest, DoesEachJobOnce) {
  heddle::Run([] {
    const Chan<std::unique_ptr<int>> jobs;  // may be move-only
    Go([jobs] {
      for (int i = 0; i < 5; i++) jobs.Send(std::make_unique<int>(i));
      jobs.Close();
    });
    std::vector<int> squares;
    for (const int square :
         Pool(jobs, 2, [](std::unique_ptr<int> i) { return *i * *i; })) {
      squares.push_back(square);
    }
    EXPECT_THAT(squares, UnorderedElementsAre(0, 1, 4, 9, 16));
  });
}

TEST(PoolTest, NoMoreAtATimeThanThereAreWorkers) {
  heddle::Run(Options{.procs = 4}, [] {
    const Chan<int> jobs(100);
    for (int i = 0; i < 100; i++) jobs.Send(i);
    jobs.Close();
    std::atomic<int> at_work{0};
    int most = 0;
    WaitGroup three;  // the first jobs wait for each other
    three.Add(3);
    for (const int now : Pool(jobs, 3, [&](int job) {
           const int now = ++at_work;
           if (job < 3) {
             three.Done();
             three.Wait();
           }
           for (int i = 0; i < 5; i++) Yield();
           --at_work;
           return now;
         })) {
      most = std::max(most, now);
    }
    EXPECT_EQ(most, 3);
  });
}

TEST(PoolTest, WithoutJobsItEndsAtOnce) {
  heddle::Run([] {
    const Chan<int> jobs;
    jobs.Close();
    EXPECT_FALSE(Pool(jobs, 3, [](int i) { return i; }).Recv().has_value());
  });
}

}  // namespace
}  // namespace heddle::mandelbrot
