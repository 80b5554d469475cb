// GoOptions::system: goroutines that a Run does not wait for.

#include <atomic>
#include <thread>  // NOLINT

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/note.h"
#include "heddle/runtime/sched/proc.h"

namespace heddle {
namespace {

constexpr GoOptions kSystem = {.system = true};

class SystemGoroutineTest : public ::testing::TestWithParam<int> {
 protected:
  // Those that still ran at the end of a runtime use what is below.
  ~SystemGoroutineTest() override {
    while (sched::ReapOrphans() != 0) std::this_thread::yield();
  }

  static Options Procs() { return {.procs = GetParam()}; }

  std::atomic<int> state_{0};
  std::atomic<int> turns_{0};
  std::atomic<int> parked_{0};
  os::Note note_;
  Mutex mu_;
};

INSTANTIATE_TEST_SUITE_P(Procs, SystemGoroutineTest,
                         ::testing::Values(1, 2, 4));

TEST_P(SystemGoroutineTest, IsNotCounted) {
  heddle::Run(Procs(), [] {
    WaitGroup wg;
    wg.Add(1);
    EXPECT_EQ(NumGoroutine(), 1);
    Go(kSystem, [&] {
      EXPECT_EQ(NumGoroutine(), 1);
      wg.Done();
    });
    EXPECT_EQ(NumGoroutine(), 1);
    wg.Wait();
  });
}

TEST_P(SystemGoroutineTest, RunEndsWhileItIsParked) {
  Runtime runtime(Procs());
  runtime.Run([&] {
    mu_.Lock();
    Go(kSystem, [&] {
      state_.store(1);
      mu_.Lock();
      state_.store(2);
      mu_.Unlock();
    });
    while (state_.load() != 1) Yield();
  });
  EXPECT_EQ(state_.load(), 1);
  // It goes on in the next Run.
  runtime.Run([&] {
    EXPECT_EQ(NumGoroutine(), 1);
    mu_.Unlock();
    while (state_.load() != 2) Yield();
  });
}

// It is never done, nor ever idle.
TEST_P(SystemGoroutineTest, RunEndsWhileItYields) {
  Runtime runtime(Procs());
  runtime.Run([&] {
    Go(kSystem, [&] {
      for (;;) {
        turns_.fetch_add(1);
        Yield();
      }
    });
    while (turns_.load() == 0) Yield();
  });
  for (int i = 0; i < 10; i++) {
    runtime.Run([&] {
      const int before = turns_.load();
      while (turns_.load() == before) Yield();
    });
  }
}

TEST_P(SystemGoroutineTest, RunEndsWhileItBlocksItsThread) {
  {
    Runtime runtime(Procs());
    runtime.Run([&] {
      Go(kSystem, [&] {
        Blocking([&] {
          state_.store(1);
          note_.Sleep();
        });
        Yield();
        state_.store(2);
      });
      while (state_.load() != 1) Yield();
    });
    EXPECT_EQ(state_.load(), 1);
    // A Run in between has the Ps, and the goroutine goes on blocking.
    runtime.Run([&] { EXPECT_EQ(state_.load(), 1); });
    // ~Runtime does not wait either.
  }
  EXPECT_EQ(state_.load(), 1);
  note_.Wakeup();
  // The orphan is freed once it is quiet: at the Yield.
  while (sched::ReapOrphans() != 0) std::this_thread::yield();
  EXPECT_EQ(state_.load(), 1);
}

TEST_P(SystemGoroutineTest, ReturnsIntoTheNextRun) {
  Runtime runtime(Procs());
  runtime.Run([&] {
    Go(kSystem, [&] {
      Blocking([&] {
        state_.store(1);
        note_.Sleep();
      });
      state_.store(2);
    });
    while (state_.load() != 1) Yield();
  });
  note_.Wakeup();
  runtime.Run([&] {
    while (state_.load() != 2) Yield();
  });
}

TEST_P(SystemGoroutineTest, NotOnTheThreadThatCalledRun) {
  const std::thread::id caller = std::this_thread::get_id();
  heddle::Run(Procs(), [&] {
    for (int i = 0; i < 4; i++) {
      Go(kSystem, [&] {
        for (int j = 0; j < 10; j++) {
          EXPECT_NE(std::this_thread::get_id(), caller);
          turns_.fetch_add(1);
          Yield();
        }
      });
    }
    while (turns_.load() < 40) Yield();
  });
}

TEST_P(SystemGoroutineTest, RunWaitsForWhatItStarts) {
  std::atomic<int> ended{0};
  heddle::Run(Procs(), [&] {
    WaitGroup started;
    started.Add(1);
    Go(kSystem, [&] {
      for (int i = 0; i < 100; i++) {
        Go([&] {
          Yield();
          ended.fetch_add(1);
        });
      }
      started.Done();
      for (;;) Yield();
    });
    started.Wait();
  });
  EXPECT_EQ(ended.load(), 100);
}

// Many goroutines end at the same time, on all Ps.
TEST_P(SystemGoroutineTest, TheEndIsNotMissed) {
  Runtime runtime(Procs());
  std::atomic<bool> blocked{false};
  runtime.Run([&] {
    Go(kSystem, [&] {
      Blocking([&] {
        blocked.store(true);
        note_.Sleep();
      });
    });
    while (!blocked.load()) Yield();
  });
  for (int i = 0; i < 200; i++) {
    runtime.Run([&] {
      for (int j = 0; j < 8; j++) Go([] { Yield(); });
    });
  }
  note_.Wakeup();
  std::atomic<bool> ran{false};
  runtime.Run([&] {
    Go(kSystem, [&] { ran.store(true); });
    while (!ran.load()) Yield();
  });
}

struct Counted {
  explicit Counted(std::atomic<int>* n) : n(n) { n->fetch_add(1); }
  Counted(const Counted& other) : Counted(other.n) {}
  Counted& operator=(const Counted&) = delete;
  ~Counted() { n->fetch_sub(1); }
  std::atomic<int>* n;
};

// What the documentation says of its end: one that never ran is destroyed, of
// one that did the frames are left.
TEST_P(SystemGoroutineTest, AtTheEndOfTheRuntime) {
  std::atomic<int> never_ran{0};
  {
    Runtime runtime(Procs());
    runtime.Run([&] {
      mu_.Lock();
      sched::G* gp = nullptr;
      Go(kSystem, [&] {
        const Counted guard(&parked_);
        gp = sched::Getg();
        parked_.fetch_add(1);
        mu_.Lock();
      });
      while (parked_.load() != 2 ||
             sched::ReadGStatus(gp) != sched::GStatus::kWaiting) {
        Yield();
      }
    });
    runtime.Go(kSystem, [guard = Counted(&never_ran)] {});
    EXPECT_EQ(never_ran.load(), 1);
  }
  EXPECT_EQ(never_ran.load(), 0);
  EXPECT_EQ(parked_.load(), 2);
}

TEST(SystemGoroutineAbandonTest, RunReturnsWithMain) {
  std::atomic<bool> ran{false};
  Runtime runtime({.procs = 1, .on_main_return = OnMainReturn::kAbandon});
  runtime.Run([&] {
    Go(kSystem, [&] {
      ran.store(true);
      for (;;) Yield();
    });
    while (!ran.load()) Yield();
  });
}

}  // namespace
}  // namespace heddle
