#include "heddle/runtime/os/lock.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/os/clock.h"

// Locks in loops, in threads, not at all: clang's analysis may not look.
#ifdef __clang__
#pragma clang diagnostic ignored "-Wthread-safety-analysis"
#endif

namespace heddle::os {
namespace {

#ifdef NDEBUG
constexpr bool kChecked = false;
#else
constexpr bool kChecked = true;
#endif

TEST(LockRankTest, NamesAndOrder) {
  EXPECT_STREQ(LockRankName(LockRank::kSysmon), "Sysmon");
  EXPECT_STREQ(LockRankName(LockRank::kLeaf), "Leaf");
  EXPECT_TRUE(MayTake(LockRank::kAllocm, LockRank::kSched));
  EXPECT_TRUE(MayTake(LockRank::kSched, LockRank::kAllg));
  EXPECT_TRUE(MayTake(LockRank::kAllp, LockRank::kTimer));
  EXPECT_TRUE(MayTake(LockRank::kHchan, LockRank::kSudog));
  EXPECT_TRUE(MayTake(LockRank::kStackPool, LockRank::kStackLarge));
  EXPECT_FALSE(MayTake(LockRank::kSudog, LockRank::kHchan));
  EXPECT_FALSE(MayTake(LockRank::kTimer, LockRank::kTimer));
  EXPECT_FALSE(MayTake(LockRank::kSched, LockRank::kSched));
  EXPECT_FALSE(MayTake(LockRank::kLeaf, LockRank::kLeaf));
  EXPECT_TRUE(MayTake(LockRank::kHchan, LockRank::kHchan)) << "select";
}

TEST(LockTest, LocksAndUnlocks) {
  static constinit Lock lock(LockRank::kLeaf);
  lock.lock();
  lock.unlock();
  const LockGuard guard(lock);
}

TEST(LockTest, TryLockTellsOtherThreads) {
  Lock lock(LockRank::kLeaf);
  ASSERT_TRUE(lock.try_lock());
  bool taken = true;
  std::thread([&] {
    taken = lock.try_lock();
    if (taken) lock.unlock();
  }).join();
  EXPECT_FALSE(taken);
  lock.unlock();
  ASSERT_TRUE(lock.try_lock());
  lock.unlock();
}

TEST(LockTest, CountsTheHeldOnes) {
  Lock a(LockRank::kSched), b(LockRank::kAllg), c(LockRank::kLeaf);
  EXPECT_EQ(HeldLocks(), 0);
  a.lock();
  b.lock();
  ASSERT_TRUE(c.try_lock());
  EXPECT_EQ(HeldLocks(), kChecked ? 3 : 0);
  int in_other = -1;
  std::thread([&] { in_other = HeldLocks(); }).join();
  EXPECT_EQ(in_other, 0);
  b.unlock();  // in any order
  EXPECT_EQ(HeldLocks(), kChecked ? 2 : 0);
  a.unlock();
  c.unlock();
  EXPECT_EQ(HeldLocks(), 0);
}

TEST(LockTest, ManyChannelsAtOnce) {
  std::vector<std::unique_ptr<Lock>> channels;
  for (int i = 0; i < 100; ++i) {
    channels.push_back(std::make_unique<Lock>(LockRank::kHchan));
    channels.back()->lock();
  }
  EXPECT_EQ(HeldLocks(), kChecked ? 100 : 0);
  for (const auto& channel : channels) channel->unlock();
  EXPECT_EQ(HeldLocks(), 0);
}

TEST(LockTest, ExcludesUnderStress) {
  Lock outer(LockRank::kSched), inner(LockRank::kLeaf);
  int64_t n = 0, m = 0;
  std::vector<std::thread> threads;
  constexpr int kThreads = 4, kRounds = 20000;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kRounds; ++j) {
        const LockGuard guard(outer);
        ++n;
        if (j % 3 == 0) {
          const LockGuard also(inner);
          ++m;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n, kThreads * kRounds);
  EXPECT_EQ(m, kThreads * ((kRounds + 2) / 3));
}

// Long enough inside that waiters go through spinning to sleep.
TEST(LockTest, SleepersAreWoken) {
  Lock lock(LockRank::kLeaf);
  int n = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10; ++j) {
        const LockGuard guard(lock);
        Usleep(200);
        ++n;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n, 40);
}

// Whoever takes the lock last may destroy it, the one before still in unlock.
TEST(LockTest, TheNextHolderMayDestroyIt) {
  for (int i = 0; i < 300; ++i) {
    auto lock = std::make_unique<Lock>(LockRank::kLeaf);
    std::atomic<bool> locked{false};
    std::thread other([&, raw = lock.get()] {
      raw->lock();
      // release: pairs with the load below.
      locked.store(true, std::memory_order_release);
      raw->unlock();
    });
    // acquire: pairs with the store above.
    while (!locked.load(std::memory_order_acquire)) OsYield();
    lock->lock();
    lock->unlock();
    lock.reset();
    other.join();
  }
}

TEST(LockDeathTest, UnlockOfUnlocked) {
  Lock lock(LockRank::kLeaf);
  EXPECT_DEATH(
      {
        lock.lock();
        lock.unlock();
        lock.unlock();
      },
      "fatal error: unlock of unlocked lock\n");
}

#ifndef NDEBUG
TEST(LockDeathTest, WrongOrderNamesBothLocks) {
  Lock sched(LockRank::kSched), allg(LockRank::kAllg);
  EXPECT_DEATH(
      {
        const LockGuard first(allg);
        const LockGuard second(sched);
      },
      "taking lock Sched \\(.*\\) while holding lock Allg \\(.*\n"
      "fatal error: lock ordering problem\n");
}

TEST(LockDeathTest, TryLockIsBoundByTheOrder) {
  Lock sched(LockRank::kSched), leaf(LockRank::kLeaf);
  EXPECT_DEATH(
      {
        const LockGuard first(leaf);
        if (sched.try_lock()) sched.unlock();
      },
      "taking lock Sched .* while holding lock Leaf");
}

TEST(LockDeathTest, TwoOfOneRank) {
  Lock a(LockRank::kGfree), b(LockRank::kGfree);
  EXPECT_DEATH(
      {
        const LockGuard first(a);
        const LockGuard second(b);
      },
      "taking lock Gfree .* while holding lock Gfree");
}

TEST(LockDeathTest, TheSameTwice) {
  Lock channel(LockRank::kHchan);
  EXPECT_DEATH(
      {
        channel.lock();
        channel.lock();
      },
      "fatal error: lock taken twice\n");
}

TEST(LockDeathTest, UnlockByAnotherThread) {
  Lock lock(LockRank::kLeaf);
  EXPECT_DEATH(
      {
        lock.lock();
        std::thread([&] { lock.unlock(); }).join();
      },
      "lock Leaf .* is not held by this thread");
}
#endif

}  // namespace
}  // namespace heddle::os
