// What goroutines cost that compute for longer than a time slice, and are far
// more than there are Ps: threads, and the time until all are done. Twin:
// benchmarks/peers (docs/benchmarks.md). Arguments: Ps, goroutines.

#include <cstdint>

#include "benchmark/benchmark.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/quiet_threads.h"

namespace heddle {
namespace {

// Some 15 ms, one and a half times a slice: each step waits for the one before,
// so all compilers' code takes as long. It counts steps, as a clock goes on
// while a goroutine does not run.
void Compute() {
  constexpr int kSteps = 10'000'000;
  uint64_t x = 1;
  for (int i = 0; i < kSteps; i++) {
    x = x * 6364136223846793005 + 1442695040888963407;
  }
  benchmark::DoNotOptimize(x);
}

void BM_ComputingGoroutines(benchmark::State& state) {
  int threads = 0;
  for (auto _ : state) {
    heddle::Run(Options{.procs = static_cast<int>(state.range(0))}, [&] {
      WaitGroup wg;
      for (int64_t i = 0; i < state.range(1); i++) wg.Go(Compute);
      wg.Wait();
      // None ends meanwhile: the most there were.
      threads = os::ThreadCount();
    });
  }
  state.counters["threads"] = threads;
  state.counters["ns"] =
      benchmark::Counter(1e-9 * static_cast<double>(state.range(1)),
                         benchmark::Counter::kIsIterationInvariantRate |
                             benchmark::Counter::kInvert);
}
BENCHMARK(BM_ComputingGoroutines)
    ->ArgsProduct({{1, 2}, {5, 50, 200, 800}})
    ->Iterations(1)
    ->UseRealTime();

}  // namespace
}  // namespace heddle
