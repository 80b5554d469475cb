#include "heddle/runtime/os/spin_lock.h"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/os/clock.h"

namespace heddle::os {
namespace {

TEST(SpinLockTest, Excludes) {
  SpinLock lock;
  int64_t n = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      for (int j = 0; j < 20'000; j++) {
        const SpinLockGuard guard(lock);
        n++;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(n, 80'000);
}

// How often the thread has gone to sleep of itself.
int64_t Sleeps(pid_t tid) {
  std::ifstream status("/proc/self/task/" + std::to_string(tid) + "/status");
  const std::string key = "voluntary_ctxt_switches:";
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(key, 0) == 0) return std::stoll(line.substr(key.size()));
  }
  return -1;
}

// Hangs if waiters only spin.
TEST(SpinLockTest, WhoWaitsForLongSleeps) {
  SpinLock lock;
  std::atomic<pid_t> waiter_tid{0};
  lock.lock();
  std::thread waiter([&] {
    waiter_tid = gettid();
    const SpinLockGuard guard(lock);
  });
  while (waiter_tid == 0) OsYield();
  const int64_t before = Sleeps(waiter_tid);
  EXPECT_GE(before, 0);
  while (Sleeps(waiter_tid) < before + 3) OsYield();
  lock.unlock();
  waiter.join();
}

TEST(SpinLockTest, DebugBuildsCountThem) {
#ifdef NDEBUG
  constexpr int kOne = 0;
#else
  constexpr int kOne = 1;
#endif
  SpinLock a;
  SpinLock b;
  EXPECT_EQ(HeldSpinLocks(), 0);
  {
    const SpinLockGuard guard_a(a);
    EXPECT_EQ(HeldSpinLocks(), kOne);
    const SpinLockGuard guard_b(b);
    EXPECT_EQ(HeldSpinLocks(), 2 * kOne);
  }
  EXPECT_EQ(HeldSpinLocks(), 0);
}

}  // namespace
}  // namespace heddle::os
