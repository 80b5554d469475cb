// How late a goroutine wakes that sleeps for a millisecond at a time, beside
// one that computes and never calls the runtime. Twins: benchmarks/peers
// (docs/benchmarks.md). Arguments: Ps, hogs.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"

namespace heddle {
namespace {

constexpr absl::Duration kSleep = absl::Milliseconds(1);

double Percentile(std::vector<double>* values, double p) {
  const auto at = static_cast<size_t>(p * (values->size() - 1));
  std::nth_element(values->begin(), values->begin() + at, values->end());
  return (*values)[at];
}

void BM_SleeperBesideHogs(benchmark::State& state) {
  std::vector<double> late_us;
  std::atomic<bool> stop{false};
  heddle::Run(Options{.procs = static_cast<int>(state.range(0))}, [&] {
    for (int64_t i = 0; i < state.range(1); i++) {
      Go([&] {
        while (!stop.load(std::memory_order_relaxed)) os::ProcYield(1);
      });
    }
    Yield();
    for (auto _ : state) {
      const int64_t start = os::Nanotime();
      Sleep(kSleep);
      late_us.push_back((os::Nanotime() - start) / 1e3 -
                        absl::ToDoubleMicroseconds(kSleep));
    }
    stop = true;
  });
  state.counters["late_p50_us"] = Percentile(&late_us, 0.50);
  state.counters["late_p99_us"] = Percentile(&late_us, 0.99);
  state.counters["late_max_us"] = Percentile(&late_us, 1);
}
BENCHMARK(BM_SleeperBesideHogs)
    ->Args({1, 0})
    ->Args({1, 1})
    ->Args({1, 4})
    ->Args({2, 1})
    ->Iterations(1000)
    ->UseRealTime();

}  // namespace
}  // namespace heddle
