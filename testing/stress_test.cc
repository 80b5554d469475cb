// Every operation at once, at random, over a list of runtimes' shapes. Nothing
// may be lost: each goroutine that was started runs to its end, each mutex
// protects its counter, each wait ends.
//
// What a goroutine does is a function of the seed, which the test prints when
// it fails; with one P, so is the order.

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle.h"
#include "runtime/base/fast_rand.h"
#include "runtime/os/clock.h"
#include "runtime/sanitizer/sanitizer.h"

namespace heddle {
namespace {

// ThreadSanitizer makes a goroutine some fifty times as dear: fewer of them.
constexpr int kFewer = sanitizer::kTsan ? 4 : 1;

// Live goroutines are kept below this: ThreadSanitizer has a limit of 8,128.
constexpr int kMostLive = 300;

class Mix {
 public:
  Mix(uint64_t seed, int goroutines) : seed_(seed), left_(goroutines) {}

  // The main goroutine.
  void Main(Runtime* runtime) {
    std::thread foreign([&] {
      for (int i = 0; i < 20; i++) {
        Start([runtime](auto&& f) { runtime->Go(f); });
        if (i % 4 == 0) std::this_thread::yield();
        const std::lock_guard guard(mutex_[1]);
        counter_[1]++;
      }
    });
    while (Start([](auto&& f) { Go(f); })) {
      if (live_ > kMostLive) Yield();
    }
    Blocking([&] { foreign.join(); });
    all_.Wait();
  }

  void ExpectAllDone() const {
    EXPECT_EQ(started_, ended_);
    EXPECT_EQ(live_, 0);
    int64_t locked = 0;
    for (int64_t n : counter_) locked += n;
    EXPECT_EQ(locked, locks_ + 20);
  }

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
      switch (random.Below(10)) {
        case 0:
        case 1:
          Yield();
          break;
        case 2:
          if (live_ < kMostLive) Start([](auto&& f) { Go(f); });
          break;
        case 3:
        case 4:
          Locked(&random);
          break;
        case 5:
          ForkAndJoin(&random);
          break;
        case 6:
          Blocking([&] { os::Usleep(random.Below(50)); });
          break;
        case 7:
          Thrown(mine);
          break;
        case 8:
          if (random.Below(10) == 0) GoMaxProcs(1 + random.Below(4));
          break;
        default:
          if (random.Below(20) == 0) Goexit();
      }
    }
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

  const uint64_t seed_;
  std::atomic<int> left_;
  std::atomic<int> live_{0};
  std::atomic<int> started_{0};
  std::atomic<int> ended_{0};
  std::atomic<int64_t> locks_{0};
  WaitGroup all_;
  Mutex mutex_[kMutexes];
  int64_t counter_[kMutexes] = {};
};

struct Shape {
  const char* name;
  Options options;
  int goroutines;
};

class StressTest : public testing::TestWithParam<Shape> {};

TEST_P(StressTest, Mix) {
  for (uint64_t seed = 1; seed <= 3; seed++) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Options options = GetParam().options;
    options.seed = seed;
    Runtime runtime(options);
    for (int run = 0; run < 2; run++) {
      Mix mix(seed, GetParam().goroutines / kFewer);
      runtime.Run([&] { mix.Main(&runtime); });
      mix.ExpectAllDone();
    }
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
        Shape{"TwoPsMigrating", {.procs = 2, .migrate_always = true}, 60}),
    [](const testing::TestParamInfo<Shape>& info) { return info.param.name; });

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
