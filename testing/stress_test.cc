// Every operation at once, at random, over a list of runtimes' shapes. Nothing
// may be lost: each goroutine that was started runs to its end, each mutex
// protects its counter, each wait ends.
//
// What a goroutine does is a function of the seed, which the test prints when
// it fails. With one P and Options::randomize so is the order in which they do
// it, as long as nothing that depends on the clock takes part (kTimed below):
// the test Reproducible shows that.
//
// HEDDLE_STRESS_SECONDS=600 in the environment makes the mix go on for ten
// minutes, with a new seed in each round.

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle {
namespace {

// ThreadSanitizer makes a goroutine some fifty times as dear: fewer of them.
constexpr int kFewer = sanitizer::kTsan ? 4 : 1;

// Live goroutines are kept below this: ThreadSanitizer has a limit of 8,128.
constexpr int kMostLive = 300;

// Each by a call of its own: a compiler may keep the address of a thread's
// errno across a switch to another thread.
[[gnu::noinline]] int GetErrno() { return errno; }
[[gnu::noinline]] void SetErrno(int value) { errno = value; }

// Whether operations take part whose effect depends on the clock or on other
// threads.
enum class Timed { kNo, kYes };

class Mix {
 public:
  Mix(uint64_t seed, int goroutines, Timed timed)
      : seed_(seed), timed_(timed), left_(goroutines) {}

  // The main goroutine.
  void Main(Runtime* runtime) {
    std::thread foreign([&] {
      for (int i = 0; timed_ == Timed::kYes && i < kForeign; i++) {
        Start([runtime](auto&& f) { runtime->Go(f); });
        if (i % 4 == 0) std::this_thread::yield();
        const std::lock_guard guard(mutex_[1]);
        counter_[1]++;
      }
    });
    while (Start([](auto&& f) { Go(f); })) {
      if (live_ > kMostLive) Yield();
    }
    if (timed_ == Timed::kYes) {
      Blocking([&] { foreign.join(); });
    } else {
      foreign.join();
    }
    all_.Wait();
  }

  void ExpectAllDone() const {
    EXPECT_EQ(started_, ended_);
    EXPECT_EQ(live_, 0);
    int64_t locked = 0;
    for (int64_t n : counter_) locked += n;
    EXPECT_EQ(locked, locks_ + (timed_ == Timed::kYes ? kForeign : 0));
  }

  // Which goroutine did which step, in order. With one P only.
  const std::vector<uint32_t>& history() const { return history_; }

 private:
  // Starts one more goroutine by `go`, unless all were. Adds to all_ first.
  template <typename GoFn>
  bool Start(GoFn&& go) {
    const int n = left_.fetch_sub(1);
    if (n <= 0) return false;
    started_++;
    live_++;
    all_.Add(1);
    go([this, n] { One(n); });
    return true;
  }

  // The same with options.
  void StartWith(base::FastRand* random) {
    GoOptions options;
    options.name = "with options";
    // Room for AllStacks under sanitizers.
    options.stack_size = size_t{64 << 10} << random->Below(4);
    options.system = random->Below(2) == 0;
    Start([&](auto&& f) { Go(options, f); });
  }

  struct End {
    Mix* mix;
    ~End() {
      mix->ended_++;
      mix->live_--;
      mix->all_.Done();
    }
  };

  void One(int n) {
    const End end{this};
    base::FastRand random(seed_ * 1'000'003 + static_cast<uint64_t>(n));
    const std::string mine = "goroutine " + std::to_string(n);
    for (int step = 0; step < 10; step++) {
      if (timed_ == Timed::kNo) history_.push_back(n * 16 + step);
      switch (random.Below(timed_ == Timed::kYes ? 19 : 10)) {
        case 0:
        case 1:
          Yield();
          break;
        case 2:
          if (live_ < kMostLive) Start([](auto&& f) { Go(f); });
          break;
        case 9:
          if (live_ < kMostLive) StartWith(&random);
          break;
        case 3:
        case 4:
          Locked(&random);
          break;
        case 5:
          ForkAndJoin(&random);
          break;
        case 6:
          Errno(n);
          break;
        case 7:
          Thrown(mine);
          break;
        case 8:
          if (random.Below(20) == 0) Goexit();
          break;
        case 10:
        case 11:
          Blocking([&] { os::Usleep(random.Below(50)); });
          break;
        case 12:
          if (random.Below(10) == 0) GoMaxProcs(1 + random.Below(4));
          break;
        case 13:
          if (random.Below(50) == 0) Compute(random.Below(30));
          break;
        case 14:
          // A call that blocks, and nobody said so.
          if (random.Below(50) == 0) usleep(random.Below(20'000));
          break;
        case 15:
          if (random.Below(10) == 0) LockedToThread(&random);
          break;
        case 16:
          Labelled(mine);
          break;
        case 17:
          if (random.Below(30) == 0) {
            EXPECT_NE(debug::AllStacks().find("goroutine "), std::string::npos);
            EXPECT_GT(debug::ReadStats().goroutines, 0);
          }
          break;
        default:
          Blocking([&] { Start([](auto&& f) { Go(f); }); });
      }
    }
  }

  // Keeps its thread for so many milliseconds.
  static void Compute(uint32_t ms) {
    const int64_t end = os::Nanotime() + ms * int64_t{1'000'000};
    while (os::Nanotime() < end) os::ProcYield(10);
  }

  // Now and then the goroutine ends locked.
  void LockedToThread(base::FastRand* random) {
    LockOsThread();
    const pid_t tid = gettid();
    for (uint32_t i = random->Below(4); i > 0; i--) {
      if (i % 2 == 0) {
        Yield();
      } else {
        Locked(random);
      }
      EXPECT_EQ(gettid(), tid);
    }
    if (random->Below(4) != 0) UnlockOsThread();
  }

  static void Labelled(const std::string& mine) {
    SetLabels({{"who", mine}});
    WaitGroup child;
    child.Go([&] { EXPECT_EQ(GetLabels().Find("who"), mine); });
    child.Wait();
    EXPECT_EQ(GetLabels().Find("who"), mine);
    SetLabels({});
  }

  static void Errno(int n) {
    SetErrno(n);
    Yield();
    EXPECT_EQ(GetErrno(), n);
  }

  void Locked(base::FastRand* random) {
    const uint32_t which = random->Below(kMutexes);
    const std::lock_guard guard(mutex_[which]);
    counter_[which]++;
    locks_++;
    if (random->Below(4) == 0) Yield();
  }

  static void ForkAndJoin(base::FastRand* random) {
    WaitGroup wg;
    int results[4] = {};
    const uint32_t n = random->Below(4);
    for (uint32_t i = 0; i < n; i++) {
      wg.Go([&results, i] {
        if (i % 2 == 0) Yield();
        results[i] = 1;
      });
    }
    wg.Wait();
    for (uint32_t i = 0; i < n; i++) EXPECT_EQ(results[i], 1);
  }

  static void Thrown(const std::string& text) {
    try {
      throw std::runtime_error(text);
    } catch (const std::runtime_error& e) {
      Yield();
      EXPECT_EQ(e.what(), text);
    }
  }

  static constexpr uint32_t kMutexes = 3;
  static constexpr int kForeign = 20;

  const uint64_t seed_;
  const Timed timed_;
  std::atomic<int> left_;
  std::atomic<int> live_{0};
  std::atomic<int> started_{0};
  std::atomic<int> ended_{0};
  std::atomic<int64_t> locks_{0};
  WaitGroup all_;
  Mutex mutex_[kMutexes];
  int64_t counter_[kMutexes] = {};
  std::vector<uint32_t> history_;
};

struct Shape {
  const char* name;
  Options options;
  int goroutines;
};

// How long each shape goes on, at least.
int64_t StressNs() {
  const char* seconds = std::getenv("HEDDLE_STRESS_SECONDS");
  constexpr int kShapes = 9;
  return seconds == nullptr ? 0
                            : std::atoi(seconds) * (1'000'000'000LL / kShapes);
}

class StressTest : public testing::TestWithParam<Shape> {};

TEST_P(StressTest, Mix) {
  const int64_t end = os::Nanotime() + StressNs();
  for (uint64_t seed = 1; seed <= 3 || os::Nanotime() < end; seed++) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Options options = GetParam().options;
    options.seed = seed;
    Runtime runtime(options);
    for (int run = 0; run < 2; run++) {
      Mix mix(seed, GetParam().goroutines / kFewer, Timed::kYes);
      runtime.Run([&] { mix.Main(&runtime); });
      mix.ExpectAllDone();
    }
    if (HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, StressTest,
    testing::Values(
        Shape{"OneP", {.procs = 1}, 500}, Shape{"TwoPs", {.procs = 2}, 500},
        Shape{"FourPs", {.procs = 4}, 500}, Shape{"EightPs", {.procs = 8}, 500},
        Shape{"OnePRandom", {.procs = 1, .randomize = true}, 500},
        Shape{"TwoPsRandom", {.procs = 2, .randomize = true}, 500},
        Shape{"OnePMigrating", {.procs = 1, .migrate_always = true}, 60},
        Shape{"TwoPsNoPreemption", {.procs = 2, .preempt = false}, 500},
        Shape{"TwoPsMigrating", {.procs = 2, .migrate_always = true}, 60}),
    [](const testing::TestParamInfo<Shape>& info) { return info.param.name; });

std::vector<uint32_t> History(uint64_t seed) {
  Runtime runtime(Options{.procs = 1, .randomize = true, .seed = seed});
  Mix mix(seed, 300, Timed::kNo);
  runtime.Run([&] { mix.Main(&runtime); });
  mix.ExpectAllDone();
  return mix.history();
}

TEST(StressTest, ReproducibleFromTheSeedOnOneP) {
  const std::vector<uint32_t> first = History(1);
  EXPECT_GT(first.size(), 1000u);
  for (int i = 0; i < 3; i++) EXPECT_EQ(History(1), first);
  EXPECT_NE(History(2), first);
  EXPECT_EQ(History(2), History(2));
}

// Goroutines that appear one at a time, with a pause between, from a thread
// outside: each must wake somebody. A lost wake-up hangs this.
TEST(StressTest, WakeUpsFromOutside) {
  Runtime runtime(Options{.procs = 4});
  std::thread foreign;
  runtime.Run([&] {
    WaitGroup all;
    constexpr int kMany = 2000 / kFewer;
    all.Add(kMany);
    foreign = std::thread([&] {
      base::FastRand random(7);
      for (int i = 0; i < kMany; i++) {
        runtime.Go([&all] { Go([&all] { all.Done(); }); });
        for (uint32_t j = random.Below(300); j > 0; j--) os::ProcYield(1);
      }
    });
    all.Wait();
  });
  foreign.join();
}

}  // namespace
}  // namespace heddle
