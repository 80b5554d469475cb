#include "heddle/runtime/os/clock.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "gtest/gtest.h"

namespace heddle::os {
namespace {

TEST(ClockTest, NanotimeNeverGoesBack) {
  int64_t last = Nanotime();
  for (int i = 0; i < 10000; ++i) {
    const int64_t now = Nanotime();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(ClockTest, WalltimeIsTheSystemsTime) {
  // A second of slack each way: the two clocks are not read at once.
  const int64_t seconds = Walltime() / 1'000'000'000;
  const int64_t now = time(nullptr);
  EXPECT_GE(seconds, now - 1);
  EXPECT_LE(seconds, now + 1);
}

TEST(ClockTest, UsleepSleepsAtLeastSoLong) {
  const int64_t start = Nanotime();
  Usleep(1500);
  EXPECT_GE(Nanotime() - start, 1'500'000);
}

TEST(ClockTest, UsleepOfNothingReturns) {
  Usleep(0);
  Usleep(-1);
  Usleep(INT64_MIN);
}

TEST(ClockTest, UsleepCarriesIntoSeconds) {
  // Over a second's border for any start, or nearly so.
  const int64_t start = Nanotime();
  Usleep(999'999);
  EXPECT_GE(Nanotime() - start, 999'999'000);
}

TEST(ClockTest, SignalsDoNotShortenUsleep) {
  struct sigaction action = {}, old;
  static std::atomic<int> signals{0};
  action.sa_handler = [](int) {
    signals.fetch_add(1, std::memory_order_relaxed);
  };
  sigaction(SIGUSR1, &action, &old);
  std::atomic<bool> stop{false};
  const pthread_t target = pthread_self();
  std::thread spammer([&] {
    while (!stop.load(std::memory_order_relaxed)) {
      pthread_kill(target, SIGUSR1);
      Usleep(50);
    }
  });
  const int64_t start = Nanotime();
  errno = ERANGE;
  // Until a signal did come.
  do {
    Usleep(10'000);
  } while (signals.load(std::memory_order_relaxed) == 0);
  EXPECT_EQ(errno, ERANGE);
  EXPECT_GE(Nanotime() - start, 10'000'000);
  stop.store(true, std::memory_order_relaxed);
  spammer.join();
  sigaction(SIGUSR1, &old, nullptr);
}

TEST(ClockTest, YieldsReturn) {
  OsYield();
  ProcYield(0);
  ProcYield(30);
  ProcYield(-1);
}

}  // namespace
}  // namespace heddle::os
