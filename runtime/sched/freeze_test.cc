#include "heddle/runtime/sched/freeze.h"

#include <atomic>
#include <thread>  // NOLINT

#include "gtest/gtest.h"
#include "heddle/runtime/sched/sched_for_test.h"

namespace heddle::sched {
namespace {

TEST(FreezeTest, NoGoroutineBeginsToRun) {
  SchedForTest s({.procs = 1});
  std::atomic<G*> yielder{nullptr};
  std::atomic<bool> stop{false};
  std::atomic<int> turns{0};
  std::thread thread([&] {
    while (yielder == nullptr) std::this_thread::yield();
    for (int round = 0; round < 20; round++) {
      Freeze();
      // It runs until it yields.
      while (ReadGStatus(yielder) == GStatus::kRunning) {
        std::this_thread::yield();
      }
      const int before = turns;
      for (int i = 0; i < 100; i++) std::this_thread::yield();
      EXPECT_EQ(turns, before);
      Thaw();
      while (turns == before) std::this_thread::yield();
    }
    stop = true;
  });
  s.Run([&] {
    yielder = Getg();
    while (!stop) {
      turns++;
      Gosched();
    }
  });
  thread.join();
}

}  // namespace
}  // namespace heddle::sched
