// Timers and channels that outlive their runtime. Plain threads and other
// runtimes use them while it ends, and after that.

#include <atomic>
#include <iterator>
#include <memory>
#include <optional>
#include <thread>  // NOLINT
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/sched/proc.h"

namespace heddle {
namespace {

constexpr Options kAbandoning = {.procs = 2,
                                 .on_main_return = OnMainReturn::kAbandon};

// Lets the calling thread wait for what another thread does.
template <typename Done>
void Await(Done done) {
  while (!done()) std::this_thread::yield();
}

// A runtime whose goroutines still run at its end is deleted when another one
// ends, or begins, and they have stopped.
void EndWhatIsLeft() {
  Await([] { return sched::ReapOrphans() == 0; });
}

// A callable that counts how many there are of it.
class Counted {
 public:
  explicit Counted(std::atomic<int>* alive) : alive_(alive) { ++*alive_; }
  Counted(const Counted& other) : Counted(other.alive_) {}
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --*alive_; }
  void operator()() const {}

 private:
  std::atomic<int>* const alive_;
};

TEST(EndedRuntimeTest, ATimerGoesOnAsAPlainThreads) {
  std::unique_ptr<Timer> timer;
  std::unique_ptr<Timer> func;
  std::atomic<int> called{0};
  heddle::Run(Options{.procs = 2}, [&] {
    timer = std::make_unique<Timer>(absl::Hours(1));
    func =
        std::make_unique<Timer>(AfterFunc(absl::Hours(1), [&] { called++; }));
  });
  // The end of the runtime has disarmed them.
  EXPECT_FALSE(timer->Stop());
  EXPECT_FALSE(timer->Reset(absl::Milliseconds(1)));
  EXPECT_TRUE(timer->C().Recv().has_value());
  EXPECT_FALSE(func->Reset(absl::Milliseconds(1)));
  Await([&] { return called == 1; });
  EXPECT_FALSE(timer->Reset(absl::Hours(1)));
  EXPECT_TRUE(timer->Stop());
}

TEST(EndedRuntimeTest, ATickerGoesOnAsAPlainThreads) {
  std::unique_ptr<Ticker> ticker;
  heddle::Run(Options{.procs = 2},
              [&] { ticker = std::make_unique<Ticker>(absl::Hours(1)); });
  ticker->Reset(absl::Milliseconds(1));
  for (int i = 0; i < 3; i++) EXPECT_TRUE(ticker->C().Recv().has_value());
  ticker->Stop();
}

TEST(EndedRuntimeTest, ATimerGoesOnInAnotherRuntime) {
  std::unique_ptr<Timer> timer;
  heddle::Run([&] { timer = std::make_unique<Timer>(absl::Hours(1)); });
  heddle::Run([&] {
    timer->Reset(absl::Milliseconds(1));
    EXPECT_TRUE(timer->C().Recv().has_value());
    timer->Reset(absl::Hours(1));
  });
  EXPECT_FALSE(timer->Stop());
}

// Plain threads arm and stop timers of a runtime while that ends.
TEST(EndedRuntimeTest, TimersAreUsedBesideTheEnd) {
  for (int round = 0; round < 30; round++) {
    constexpr int kThreads = 2;
    constexpr int kTimers = 8;
    std::vector<Timer> timers;
    timers.reserve(kTimers);
    std::atomic<bool> made{false};
    std::atomic<int> ended{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; t++) {
      threads.emplace_back([&, t] {
        Await([&] { return made.load(); });
        for (int i = 0; i < 200 || ended == 0; i++) {
          Timer& timer = timers[static_cast<size_t>((i * 3 + t) % kTimers)];
          if (i % 2 == 0) {
            timer.Reset(i % 4 == 0 ? absl::Hours(1) : absl::Microseconds(1));
          } else {
            timer.Stop();
          }
        }
      });
    }
    {
      Runtime runtime(Options{.procs = 2});
      runtime.Run([&] {
        for (int i = 0; i < kTimers; i++) timers.emplace_back(absl::Hours(1));
        made = true;
        Sleep(absl::Microseconds(100 * (round % 5)));
      });
    }
    ended = 1;
    for (std::thread& thread : threads) thread.join();
  }
}

// A thread arms the timer for which the Run waits, and so ends it.
TEST(EndedRuntimeTest, TheFiringEndsTheRun) {
  for (int round = 0; round < 200; round++) {
    std::unique_ptr<Timer> timer;
    std::atomic<bool> made{false};
    std::thread thread([&] {
      Await([&] { return made.load(); });
      timer->Reset(absl::Nanoseconds(1));
    });
    heddle::Run(Options{.procs = 1}, [&] {
      timer = std::make_unique<Timer>(absl::Hours(1));
      made = true;
      timer->C().Recv();
    });
    thread.join();
  }
}

// What a timer's function takes with it may stop another timer, wherever that
// is in the heap.
TEST(EndedRuntimeTest, TimersStopOthersAsTheyGo) {
  constexpr int kHours[] = {1, 10, 2, 2, 2, 11, 12, 12, 12, 3};
  constexpr size_t kTimers = std::size(kHours);
  struct Stops {
    std::shared_ptr<std::optional<Timer>> other;
    ~Stops() {
      if (other != nullptr) (*other)->Stop();
    }
  };
  for (size_t stopper = 0; stopper < kTimers; stopper++) {
    for (size_t stopped = 0; stopped < kTimers; stopped++) {
      if (stopped == stopper) continue;
      std::atomic<int> alive{0};
      heddle::Run(Options{.procs = 1}, [&] {
        const auto other = std::make_shared<std::optional<Timer>>();
        for (size_t i = 0; i < kTimers; i++) {
          const std::shared_ptr<Stops> stops(
              new Stops{i == stopper ? other : nullptr});
          Timer timer = AfterFunc(absl::Hours(kHours[i]),
                                  [stops, counted = Counted(&alive)] {});
          if (i == stopped) *other = std::move(timer);
        }
        EXPECT_EQ(alive, kTimers);
      });
      EXPECT_EQ(alive, 0);
    }
  }
}

// Nobody is left in a channel whose runtime has ended.
TEST(EndedRuntimeTest, ChannelsForgetWhoWaited) {
  const Chan<int> in;
  const Chan<int> out;
  const Chan<int> one;
  const Chan<int> two;
  {
    Runtime runtime(kAbandoning);
    runtime.Run([&] {
      for (int i = 0; i < 5; i++) {
        Go([&in] { in.Recv(); });
        Go([&out] { out.Send(1); });
        Go([&one, &two] {
          int v;
          Select(RecvFrom(one, &v), SendTo(two, 3));
        });
        Go(GoOptions{.system = true}, [&in] { in.Recv(); });
      }
      Sleep(absl::Milliseconds(2));
    });
  }
  EndWhatIsLeft();
  EXPECT_FALSE(in.TrySend(1));
  EXPECT_FALSE(out.TryRecv().has_value());
  EXPECT_FALSE(one.TrySend(1));
  EXPECT_FALSE(two.TryRecv().has_value());
  heddle::Run(Options{.procs = 1}, [&] {
    Go([&in] { in.Send(7); });
    EXPECT_EQ(in.Recv(), 7);
  });
  in.Close();
  out.Close();
}

// Threads wake goroutines that are left, while their runtime ends.
TEST(EndedRuntimeTest, WokenBesideTheEnd) {
  for (int round = 0; round < 100; round++) {
    const Chan<int> c;
    const Chan<int> d;
    std::atomic<bool> go{false};
    std::atomic<bool> ended{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; t++) {
      threads.emplace_back([&, t] {
        Await([&] { return go.load(); });
        while (!ended) {
          if (t == 0) {
            c.TrySend(1);
          } else {
            d.TrySend(1);
          }
        }
      });
    }
    {
      Runtime runtime(kAbandoning);
      runtime.Run([&] {
        for (int i = 0; i < 50; i++) {
          Go([&c] { c.Recv(); });
          Go([&c, &d] {
            int v;
            Select(RecvFrom(c, &v), RecvFrom(d, &v));
          });
        }
        Yield();
        go = true;
        Yield();
      });
    }
    ended = true;
    for (std::thread& thread : threads) thread.join();
    EndWhatIsLeft();
    EXPECT_FALSE(c.TrySend(1));
    EXPECT_FALSE(d.TrySend(1));
  }
}

// What never began is destroyed, and may use what the runtime had.
TEST(EndedRuntimeTest, CallablesThatNeverBeganUseTimersAndChannels) {
  const Chan<int> c(100);
  struct AtEnd {
    Chan<int> c;
    std::shared_ptr<Timer> timer;
    ~AtEnd() {
      c.TrySend(1);
      if (timer != nullptr) timer->Stop();
    }
  };
  {
    Runtime runtime(kAbandoning);
    runtime.Run([&] {
      for (int i = 0; i < 20; i++) {
        auto timer = std::make_shared<Timer>(absl::Hours(1));
        Go([at_end = std::make_shared<AtEnd>(AtEnd{c, timer})] {});
      }
    });
  }
  EXPECT_GE(c.len(), 20);
}

TEST(EndedRuntimeDeathTest, AChannelThatIsWaitedIn) {
  // With one P TSan is shown that the two do not run at once.
  EXPECT_DEATH(heddle::Run(Options{.procs = 1},
                           [] {
                             auto c = std::make_unique<Chan<int>>();
                             Go([&] { c->Recv(); });
                             Sleep(absl::Milliseconds(5));
                             c.reset();
                           }),
               "a channel was destroyed while a goroutine waits in it");
}

}  // namespace
}  // namespace heddle
