// LockOsThread: Go's TestLockOSThread… family, and what comes with a runtime
// that ends.

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/newosproc.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/proc.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle {
namespace {

sched::Sched* CurrentSched() { return sched::Getm()->sched; }

// How many Ms the runtime has, those that have ended included.
int NumM(sched::Sched* sched) {
  os::LockGuard guard(sched->lock);
  int n = 0;
  for (auto* list : {sched->allm, sched->freem}) {
    for (const sched::M* mp = list; mp != nullptr; mp = mp->alllink) n++;
  }
  return n;
}

class LockedThreadTest : public testing::TestWithParam<int> {
 protected:
  // What an abandoned Run leaves has ended before the process does.
  void TearDown() override {
    while (sched::ReapOrphans() > 0) os::OsYield();
  }

  const Options options_ = {.procs = GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Procs, LockedThreadTest, testing::Values(1, 2, 4));

TEST_P(LockedThreadTest, StaysOnItsThreadAndIsAloneThere) {
  heddle::Run(options_, [] {
    WaitGroup done;
    std::atomic<pid_t> mine{0};
    done.Go([&] {
      LockOsThread();
      mine = os::GetTid();
      Mutex mutex;
      for (int i = 0; i < 100; i++) {
        Yield();
        EXPECT_EQ(os::GetTid(), mine);
        mutex.Lock();
        Go([&] { mutex.Unlock(); });
        mutex.Lock();  // parks
        EXPECT_EQ(os::GetTid(), mine);
        mutex.Unlock();
        Blocking([] { os::Usleep(1); });
        EXPECT_EQ(os::GetTid(), mine);
      }
      mine = 0;
      UnlockOsThread();
    });
    for (int i = 0; i < 4; i++) {
      done.Go([&] {
        for (int j = 0; j < 200; j++) {
          EXPECT_NE(os::GetTid(), mine);
          Yield();
        }
      });
    }
    done.Wait();
  });
}

TEST_P(LockedThreadTest, Nests) {
  heddle::Run(options_, [] {
    const sched::G* gp = sched::Getg();
    UnlockOsThread();  // nothing
    LockOsThread();
    LockOsThread();
    EXPECT_TRUE(gp->marks.locked());
    UnlockOsThread();
    EXPECT_TRUE(gp->marks.locked());
    UnlockOsThread();
    EXPECT_FALSE(gp->marks.locked());
    UnlockOsThread();
    LockOsThread();
    EXPECT_TRUE(gp->marks.locked());
    UnlockOsThread();
  });
}

TEST(LockedThreadPlainTest, OnAPlainThreadNothing) {
  LockOsThread();
  UnlockOsThread();
}

// Go's TestLockOSThreadExit: the thread ends with the goroutine.
TEST_P(LockedThreadTest, AGoroutineThatEndsLockedTakesItsThreadAlong) {
  static std::atomic<int> ended{0};
  struct AtThreadEnd {
    bool counts = false;
    ~AtThreadEnd() { ended += counts; }
  };
  ended = 0;
  heddle::Run(options_, [] {
    std::atomic<pid_t> tid{0};
    const pid_t main_tid = os::GetTid();
    while (tid == 0) {
      WaitGroup done;
      done.Go([&] {
        // m0's thread is the test's; it would not end.
        if (os::GetTid() == main_tid) return;
        LockOsThread();
        static thread_local AtThreadEnd at_end;
        at_end.counts = true;
        tid = os::GetTid();
      });
      // Main's thread is taken, so that another one runs it.
      Blocking([] { os::Usleep(1000); });
      done.Wait();
    }
    while (ended == 0) Yield();
    WaitGroup other;
    other.Go([&] { EXPECT_NE(os::GetTid(), tid); });
    other.Wait();
  });
  EXPECT_EQ(ended, 1);
}

// Their Ms, and g0 stacks, are freed as new ones are made.
TEST_P(LockedThreadTest, EndedThreadsAreFreed) {
  heddle::Run(options_, [] {
    int most = 0;
    for (int i = 0; i < 200; i++) {
      WaitGroup done;
      done.Go([] { LockOsThread(); });
      done.Wait();
      most = std::max(most, NumM(CurrentSched()));
    }
    EXPECT_LT(most, 100);
  });
}

TEST_P(LockedThreadTest, EndsByGoexitToo) {
  heddle::Run(options_, [] {
    WaitGroup done;
    for (int i = 0; i < 20; i++) {
      done.Add(1);
      Go([&] {
        LockOsThread();
        LockOsThread();
        done.Done();
        Goexit();
      });
    }
    done.Wait();
  });
}

// m0 does no more work then, and the others go on.
TEST_P(LockedThreadTest, MainEndsLocked) {
  Runtime runtime(options_);
  for (int i = 0; i < 20; i++) {
    std::atomic<int> n{0};
    EXPECT_EQ(runtime.Run([&] {
      LockOsThread();
      for (int j = 0; j < 10; j++) {
        Go([&] {
          for (int k = 0; k < 5; k++) Yield();
          n++;
        });
      }
      return 7;
    }),
              7);
    EXPECT_EQ(n, 10);
  }
}

TEST_P(LockedThreadTest, MainIsLockedAndRunAbandons) {
  Options options = options_;
  options.on_main_return = OnMainReturn::kAbandon;
  Runtime runtime(options);
  for (int i = 0; i < 20; i++) {
    EXPECT_EQ(runtime.Run([&] {
      LockOsThread();
      const pid_t tid = os::GetTid();
      WaitGroup done;
      for (int j = 0; j < 10; j++) done.Go([] { Yield(); });
      done.Wait();
      EXPECT_EQ(os::GetTid(), tid);
      return i;
    }),
              i);
  }
}

// What ends is a runtime with locked goroutines that wait, for ever.
TEST_P(LockedThreadTest, LeftBehindByAnAbandonedRun) {
  Options options = options_;
  options.on_main_return = OnMainReturn::kAbandon;
  for (int i = 0; i < 20; i++) {
    Runtime runtime(options);
    std::atomic<int> locked{0};
    runtime.Run([&] {
      for (int j = 0; j < 3; j++) {
        Go([&] {
          LockOsThread();
          WaitGroup never;
          never.Add(1);
          locked++;
          never.Wait();
        });
      }
      while (locked != 3) Yield();
    });
  }
}

// Go's TestLockOSThreadAvoidsStatePropagation, with the signal mask in place of
// a name space.
TEST_P(LockedThreadTest, NewThreadsDoNotInheritWhatALockedGoroutineChanged) {
  heddle::Run(options_, [] {
    std::atomic<int> changed{0};
    WaitGroup done;
    done.Go([&] {
      LockOsThread();
      sigset_t mask, before;
      sigemptyset(&mask);
      sigaddset(&mask, SIGUSR2);
      pthread_sigmask(SIG_BLOCK, &mask, &before);
      changed = 1;
      // Many that block their threads: new ones are needed, at this M's word.
      WaitGroup blocked;
      std::atomic<bool> go_on{false};
      for (int i = 0; i < 20; i++) {
        blocked.Go([&] {
          sigset_t now;
          pthread_sigmask(SIG_SETMASK, nullptr, &now);
          EXPECT_FALSE(sigismember(&now, SIGUSR2));
          Blocking([&] {
            while (!go_on) os::Usleep(100);
          });
        });
        Yield();
      }
      go_on = true;
      blocked.Wait();
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
      UnlockOsThread();
    });
    done.Wait();
    EXPECT_EQ(changed, 1);
  });
}

// Nor what one changed that has ended: its thread, on its way to its end, has
// the template thread make the one that takes its P.
TEST_P(LockedThreadTest, NewThreadsDoNotInheritWhatAnEndedGoroutineChanged) {
  // On a thread of its own, which may be the one that is changed.
  const auto round = [] {
    heddle::Run(Options{.procs = 1}, [] {
      std::atomic<bool> changed{false};
      std::atomic<bool> checked{false};
      Go([&] {
        LockOsThread();
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGUSR2);
        pthread_sigmask(SIG_BLOCK, &mask, nullptr);
        changed = true;
      });
      Go([&] {
        while (!changed) Yield();
        sigset_t now;
        pthread_sigmask(SIG_SETMASK, nullptr, &now);
        EXPECT_FALSE(sigismember(&now, SIGUSR2));
        checked = true;
      });
      // So that no other M is idle.
      Blocking([&] {
        while (!checked) os::Usleep(100);
      });
      EXPECT_TRUE(changed);
    });
  };
  for (int i = 0; i < 20; i++) std::thread(round).join();
}

// A locked goroutine that is handed its P while it is on its way to sleep is
// not idle.
TEST_P(LockedThreadTest, IsNotIdleWhileItComputes) {
  heddle::Run(options_, [] {
    WaitGroup done;
    done.Go([&] {
      LockOsThread();
      for (int i = 0; i < 2000; i++) {
        Yield();
        ASSERT_FALSE(sched::Getm()->idle);
      }
    });
    for (int i = 0; i < 2000; i++) Yield();
    done.Wait();
  });
}

// Go's TestLockOSThreadTemplateThreadRace.
TEST_P(LockedThreadTest, TheTemplateThreadStartsAndEnds) {
  for (int i = 0; i < 100; i++) {
    heddle::Run(options_, [] {
      LockOsThread();
      for (int j = 0; j < 3; j++) Go([] { LockOsThread(); });
    });
  }
}

// Two locked ones hand a value to and fro.
TEST_P(LockedThreadTest, PingPong) {
  heddle::Run(options_, [] {
    Mutex mutexes[2];
    int turn = 0;
    WaitGroup done;
    for (int me = 0; me < 2; me++) {
      mutexes[me].Lock();
    }
    for (int me = 0; me < 2; me++) {
      done.Go([&, me] {
        LockOsThread();
        for (int i = 0; i < 100; i++) {
          mutexes[me].Lock();
          EXPECT_EQ(turn % 2, me);
          turn++;
          mutexes[1 - me].Unlock();
        }
        UnlockOsThread();
      });
    }
    mutexes[0].Unlock();
    done.Wait();
    EXPECT_EQ(turn, 200);
    mutexes[1].TryLock();
  });
}

}  // namespace
}  // namespace heddle
