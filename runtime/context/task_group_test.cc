#include "heddle/runtime/context/task_group.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

class TaskGroupTest : public testing::TestWithParam<int> {
 protected:
  template <typename F>
  void InRun(F f) {
    heddle::Run(Options{.procs = GetParam()}, f);
  }
};
INSTANTIATE_TEST_SUITE_P(Procs, TaskGroupTest, testing::Values(1, 4));

TEST_P(TaskGroupTest, WaitsForAll) {
  InRun([] {
    TaskGroup group;
    std::atomic<int> ended{0};
    for (int i = 0; i < 100; i++) {
      group.Go([&ended, only_moves = std::make_unique<int>(i)] {
        Yield();
        ended++;
        return absl::OkStatus();
      });
    }
    group.Go([&ended] { ended++; });
    EXPECT_TRUE(group.Wait().ok());
    EXPECT_EQ(ended, 101);
    EXPECT_TRUE(group.context().Done().closed());
  });
}

TEST_P(TaskGroupTest, TheFirstErrorCancelsAndIsReturned) {
  InRun([] {
    TaskGroup group;
    for (int i = 0; i < 10; i++) {
      group.Go([&group] {
        group.context().Done().Recv();
        return group.context().Err();
      });
    }
    group.Go([] { return absl::AbortedError("first"); });
    EXPECT_EQ(group.Wait(), absl::AbortedError("first"));
    EXPECT_EQ(group.context().Cause(), absl::AbortedError("first"));
  });
}

TEST_P(TaskGroupTest, IsCancelledWithItsParent) {
  InRun([] {
    auto [parent, cancel] = WithCancel(Context::Background());
    TaskGroup group(parent);
    group.Go([&group] {
      group.context().Done().Recv();
      return group.context().Err();
    });
    cancel();
    EXPECT_EQ(group.Wait(), absl::CancelledError("context canceled"));
  });
}

TEST_P(TaskGroupTest, AnExceptionIsRethrown) {
  InRun([] {
    TaskGroup group;
    group.Go([&group] { group.context().Done().Recv(); });
    group.Go([]() -> absl::Status { throw std::runtime_error("thrown"); });
    try {
      (void)group.Wait();
      ADD_FAILURE();
    } catch (const std::runtime_error& e) {
      EXPECT_STREQ(e.what(), "thrown");
    }
  });
}

TEST_P(TaskGroupTest, GoexitEndsATaskOnly) {
  InRun([] {
    TaskGroup group;
    group.SetLimit(1);
    group.Go([] { Goexit(); });
    group.Go([] { return absl::OkStatus(); });
    EXPECT_TRUE(group.Wait().ok());
  });
}

TEST_P(TaskGroupTest, NoMoreThanTheLimit) {
  InRun([] {
    constexpr int kLimit = 3;
    TaskGroup group;
    group.SetLimit(kLimit);
    std::atomic<int> active{0};
    std::atomic<int> most{0};
    for (int i = 0; i < 100; i++) {
      group.Go([&] {
        const int now = ++active;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        Yield();
        active--;
      });
    }
    EXPECT_TRUE(group.Wait().ok());
    EXPECT_LE(most, kLimit);
  });
}

TEST_P(TaskGroupTest, TryGoDoesNotWait) {
  InRun([] {
    TaskGroup group;
    group.SetLimit(1);
    Chan<int> go_on;
    EXPECT_TRUE(group.TryGo([go_on] { go_on.Recv(); }));
    EXPECT_FALSE(group.TryGo([] {}));
    go_on.Send(1);
    while (!group.TryGo([] {})) Yield();
    EXPECT_TRUE(group.Wait().ok());
    group.SetLimit(-1);
    EXPECT_TRUE(group.TryGo([] {}));
  });
}

TEST_P(TaskGroupTest, TheDestructorCancelsAndWaits) {
  InRun([] {
    bool ended = false;
    {
      TaskGroup group;
      group.Go([&] {
        group.context().Done().Recv();
        Yield();
        ended = true;
      });
    }
    EXPECT_TRUE(ended);
  });
}

}  // namespace
}  // namespace heddle
