// Stealing: one P makes goroutines, another one has none but what it takes from
// it. Counters: "ns" of a goroutine, and "stolen", how many of all ran on
// another thread than where they were made.

#include <atomic>
#include <cstdint>
#include <thread>  // NOLINT

#include "benchmark/benchmark.h"
#include "benchmarks/measure.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"

namespace heddle {
namespace {

using benchmarks::Measure;

// What the goroutines of a round count.
struct Ran {
  std::atomic<int64_t> in_all{0};
  std::atomic<int64_t> stolen{0};

  // Goroutines ran on the maker's own thread unless they were stolen.
  void Note(std::thread::id maker) {
    if (std::this_thread::get_id() != maker) {
      stolen.fetch_add(1, std::memory_order_relaxed);
    }
    in_all.fetch_add(1, std::memory_order_release);
  }
};

void ReportStolen(benchmark::State& state, const Ran& ran) {
  state.counters["stolen"] =
      static_cast<double>(ran.stolen.load(std::memory_order_relaxed)) /
      static_cast<double>(ran.in_all.load(std::memory_order_relaxed));
}

// The maker runs none itself: it computes until others have run them. There
// are few enough at a time for its own queue. Nothing takes its P.
void BM_StealAll(benchmark::State& state) {
  constexpr int64_t kAhead = 128;
  const int64_t n = state.range(1);
  Ran ran;
  Options options{.procs = static_cast<int>(state.range(0)), .preempt = false};
  heddle::Run(options, [&] {
    const std::thread::id maker = std::this_thread::get_id();
    int64_t made = 0;
    const auto wait_until_left = [&](int64_t left) {
      while (made - ran.in_all.load(std::memory_order_acquire) > left) {
        os::OsYield();  // there may be one CPU only
      }
    };
    for (auto _ : state) {
      const int64_t start = os::Nanotime();
      for (int64_t i = 0; i < n; i++) {
        wait_until_left(kAhead - 1);
        Go([&ran, maker] { ran.Note(maker); });
        made++;
      }
      wait_until_left(0);
      benchmarks::Report(state, os::Nanotime() - start, n);
    }
  });
  ReportStolen(state, ran);
}
BENCHMARK(BM_StealAll)->Args({2, 10'000})->UseManualTime();

// Both run what they get. range(2) steps of work in each.
void BM_StealSome(benchmark::State& state) {
  const int64_t n = state.range(1);
  const int64_t steps = state.range(2);
  Ran ran;
  Measure(state, n, [&ran, n, steps] {
    const std::thread::id maker = std::this_thread::get_id();
    WaitGroup wg;
    for (int64_t i = 0; i < n; i++) {
      wg.Go([&ran, maker, steps] {
        for (int64_t j = 0; j < steps; j++) benchmark::ClobberMemory();
        ran.Note(maker);
      });
    }
    wg.Wait();
  });
  ReportStolen(state, ran);
}
BENCHMARK(BM_StealSome)
    ->Args({2, 10'000, 0})
    ->Args({2, 10'000, 10'000})
    ->UseManualTime();

}  // namespace
}  // namespace heddle
