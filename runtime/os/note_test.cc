#include "heddle/runtime/os/note.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <thread>

#include "gtest/gtest.h"
#include "heddle/runtime/os/clock.h"

namespace heddle::os {
namespace {

constexpr int64_t kMs = 1'000'000;  // in nanoseconds

TEST(NoteTest, NeedsNoConstructorToRun) {
  static constinit Note note;
  note.Wakeup();
  note.Sleep();
}

TEST(NoteTest, AWakeupBeforeTheSleepIsKept) {
  Note note;
  note.Wakeup();
  note.Sleep();
  EXPECT_TRUE(note.SleepFor(0));
}

TEST(NoteTest, ClearMakesItReadyAgain) {
  Note note;
  note.Wakeup();
  note.Sleep();
  note.Clear();
  EXPECT_FALSE(note.SleepFor(0));
  note.Wakeup();
  EXPECT_TRUE(note.SleepFor(kMs));
}

TEST(NoteTest, SleepEndsWithTheWakeupAndSeesWhatWasWritten) {
  Note note;
  int value = 0;
  std::thread waker([&] {
    Usleep(2000);
    value = 42;
    note.Wakeup();
  });
  note.Sleep();
  EXPECT_EQ(value, 42);
  waker.join();
}

TEST(NoteTest, SleepForTimesOutNotBeforeItsTime) {
  Note note;
  const int64_t start = Nanotime();
  EXPECT_FALSE(note.SleepFor(3 * kMs));
  EXPECT_GE(Nanotime() - start, 3 * kMs);
}

TEST(NoteTest, SleepForEndsWithTheWakeup) {
  Note note;
  std::thread waker([&] { note.Wakeup(); });
  EXPECT_TRUE(note.SleepFor(INT64_MAX));
  waker.join();
}

TEST(NoteTest, ANegativeLimitIsNone) {
  Note note;
  std::thread waker([&] {
    Usleep(2000);
    note.Wakeup();
  });
  EXPECT_TRUE(note.SleepFor(-1));
  waker.join();
}

// Sends SIGUSR1 to the thread that made it, until it is destroyed.
class SignalSpam {
 public:
  SignalSpam() {
    struct sigaction action = {};
    action.sa_handler = [](int) {
      count.fetch_add(1, std::memory_order_relaxed);
    };
    sigaction(SIGUSR1, &action, &old_);  // no SA_RESTART: calls see EINTR
    count.store(0, std::memory_order_relaxed);
    const pthread_t target = pthread_self();
    spammer_ = std::thread([this, target] {
      while (!stop_.load(std::memory_order_relaxed)) {
        pthread_kill(target, SIGUSR1);
        Usleep(50);
      }
    });
  }
  ~SignalSpam() {
    stop_.store(true, std::memory_order_relaxed);
    spammer_.join();
    sigaction(SIGUSR1, &old_, nullptr);
  }

  static inline std::atomic<int> count{0};

 private:
  std::atomic<bool> stop_{false};
  std::thread spammer_;
  struct sigaction old_;
};

TEST(NoteTest, SignalsDoNotEndASleep) {
  const SignalSpam spam;
  Note note;
  std::atomic<bool> woken{false};
  std::thread waker([&] {
    while (SignalSpam::count.load(std::memory_order_relaxed) < 20) OsYield();
    woken.store(true, std::memory_order_relaxed);
    note.Wakeup();
  });
  note.Sleep();
  EXPECT_TRUE(woken.load(std::memory_order_relaxed));
  waker.join();
}

TEST(NoteTest, SignalsNeitherShortenNorHangATimedSleep) {
  const SignalSpam spam;
  Note note;
  const int64_t start = Nanotime();
  EXPECT_FALSE(note.SleepFor(20 * kMs));
  EXPECT_GE(Nanotime() - start, 20 * kMs);
}

TEST(NoteTest, SpuriousWakeupsDoNotEndASleep) {
  Note note;
  std::atomic<bool> woken{false};
  std::thread waker([&] {
    // Wakes of the word without a store, as a late waker of something that
    // was at its address before would cause.
    for (int i = 0; i < 1000; ++i) {
      syscall(SYS_futex, &note, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
      OsYield();
    }
    woken.store(true, std::memory_order_relaxed);
    note.Wakeup();
  });
  note.Sleep();
  EXPECT_TRUE(woken.load(std::memory_order_relaxed));
  waker.join();
}

// The note is gone as soon as the sleeper has gone on, the waker still inside.
TEST(NoteTest, TheSleeperMayDestroyIt) {
  std::atomic<Note*> offered{nullptr};
  constexpr int kRounds = 2000;
  std::thread waker([&] {
    for (int i = 0; i < kRounds; ++i) {
      Note* note;
      // acquire: pairs with the store below.
      while ((note = offered.exchange(nullptr, std::memory_order_acquire)) ==
             nullptr) {
        OsYield();
      }
      note->Wakeup();
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    const auto note = std::make_unique<Note>();
    // release: pairs with the exchange above.
    offered.store(note.get(), std::memory_order_release);
    note->Sleep();
  }
  waker.join();
}

TEST(NoteTest, PingPong) {
  Note ping, pong;
  constexpr int kRounds = 2000;
  int turns = 0;
  std::thread other([&] {
    for (int i = 0; i < kRounds; ++i) {
      ping.Sleep();
      ping.Clear();
      ++turns;
      pong.Wakeup();
    }
  });
  for (int i = 0; i < kRounds; ++i) {
    ping.Wakeup();
    pong.Sleep();
    pong.Clear();
    EXPECT_EQ(turns, i + 1);
  }
  other.join();
}

TEST(NoteTest, ErrnoStays) {
  Note note;
  errno = ERANGE;
  EXPECT_FALSE(note.SleepFor(1));
  note.Wakeup();
  EXPECT_EQ(errno, ERANGE);
}

TEST(NoteDeathTest, DoubleWakeup) {
  Note note;
  note.Wakeup();
  EXPECT_DEATH(note.Wakeup(), "fatal error: notewakeup - double wakeup\n");
}

}  // namespace
}  // namespace heddle::os
