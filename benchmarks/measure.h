// What the benchmarks that have twins share: a runtime of range(0) Ps, and a
// counter "ns" of the mean item, which //benchmarks:compare reads.

#ifndef BENCHMARKS_MEASURE_H_
#define BENCHMARKS_MEASURE_H_

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "benchmark/benchmark.h"
#include "heddle.h"
#include "runtime/os/clock.h"

namespace heddle::benchmarks {

// An iteration took `ns` and had `items`.
inline void Report(benchmark::State& state, int64_t ns, int64_t items) {
  state.SetIterationTime(static_cast<double>(ns) / 1e9);
  state.counters["ns"].flags = benchmark::Counter::kAvgIterations;
  state.counters["ns"] += static_cast<double>(ns) / static_cast<double>(items);
}

// Runs `body` on a runtime of range(0) Ps, once for each iteration.
template <typename Body>
void Measure(benchmark::State& state, int64_t items, Body body) {
  heddle::Run(Options{.procs = static_cast<int>(state.range(0))}, [&] {
    for (auto _ : state) {
      const int64_t start = os::Nanotime();
      body();
      Report(state, os::Nanotime() - start, items);
    }
  });
}

// With `args` behind the number of Ps, which is 1 and 2.
inline void PerProcs(benchmark::internal::Benchmark* b,
                     const std::vector<int64_t>& args) {
  for (const int64_t procs : {1, 2}) {
    std::vector<int64_t> all = {procs};
    all.insert(all.end(), args.begin(), args.end());
    b->Args(all);
  }
}

}  // namespace heddle::benchmarks

#define HEDDLE_BENCHMARK_PER_PROCS(fn, many, ...)                             \
  BENCHMARK(fn)                                                               \
      ->Apply([](benchmark::internal::Benchmark* b) {                         \
        ::heddle::benchmarks::PerProcs(b, {many __VA_OPT__(, ) __VA_ARGS__}); \
      })                                                                      \
      ->UseManualTime()

#endif  // BENCHMARKS_MEASURE_H_
