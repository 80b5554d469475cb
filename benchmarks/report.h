// What benchmarks report, of all that needs no runtime: the counters "ns", the
// mean item, "instructions", percentiles, and memory.

#ifndef BENCHMARKS_REPORT_H_
#define BENCHMARKS_REPORT_H_

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <numeric>
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/perf_counter.h"

namespace heddle::benchmarks {

// An iteration took `ns` and had `items`.
inline void Report(benchmark::State& state, int64_t ns, int64_t items) {
  state.SetIterationTime(static_cast<double>(ns) / 1e9);
  state.counters["ns"].flags = benchmark::Counter::kAvgIterations;
  state.counters["ns"] += static_cast<double>(ns) / static_cast<double>(items);
}

// What the calling thread has had of a CPU: what others have meanwhile is not
// in it.
inline int64_t ThreadCpuNs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// Runs `body`, which is `items`, once for each iteration, all on this thread.
template <typename Body>
void Loop(benchmark::State& state, int64_t items, Body body) {
  Instructions instructions;
  instructions.Start();
  const int64_t start = ThreadCpuNs();
  for (auto _ : state) body();
  const int64_t ns = ThreadCpuNs() - start;
  instructions.Stop();
  const int64_t all = items * state.iterations();
  state.counters["ns"] = static_cast<double>(ns) / static_cast<double>(all);
  instructions.Report(&state.counters, all);
}

// Of single times, which are not empty: the mean, and what half of them, and
// what one in a hundred, exceeds.
inline void ReportPercentiles(benchmark::State& state,
                              std::vector<int64_t> times) {
  const auto percentile = [&times](double p) {
    const auto at =
        times.begin() +
        static_cast<ptrdiff_t>(p * static_cast<double>(times.size() - 1));
    std::nth_element(times.begin(), at, times.end());
    return static_cast<double>(*at);
  };
  state.counters["p50_ns"] = percentile(0.50);
  state.counters["p99_ns"] = percentile(0.99);
  state.counters["ns"] = static_cast<double>(std::accumulate(
                             times.begin(), times.end(), int64_t{0})) /
                         static_cast<double>(times.size());
}

// The most memory that the process has had since, if the kernel can start
// anew; else since its start.
inline void ResetPeakRss() { std::ofstream("/proc/self/clear_refs") << "5"; }
inline void ReportPeakRss(benchmark::State& state) {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  state.counters["peak_rss_bytes"] =
      static_cast<double>(usage.ru_maxrss) * 1024;
}

}  // namespace heddle::benchmarks

#endif  // BENCHMARKS_REPORT_H_
