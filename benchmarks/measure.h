// What the benchmarks that have twins share: a runtime of range(0) Ps, and a
// counter "ns" of the mean item, which //benchmarks:compare reads; and
// "instructions" where they can be counted.

#ifndef BENCHMARKS_MEASURE_H_
#define BENCHMARKS_MEASURE_H_

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/perf_counter.h"
#include "benchmarks/report.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"

namespace heddle::benchmarks {

// Runs `body` on a runtime of range(0) Ps, once for each iteration.
template <typename Body>
void Measure(benchmark::State& state, int64_t items, Body body) {
  Instructions instructions;  // of the threads, too, that Run will start
  heddle::Run(Options{.procs = static_cast<int>(state.range(0))}, [&] {
    for (auto _ : state) {
      instructions.Start();
      const int64_t start = os::Nanotime();
      body();
      const int64_t ns = os::Nanotime() - start;
      instructions.Stop();
      Report(state, ns, items);
    }
  });
  instructions.Report(&state.counters, items * state.iterations());
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
