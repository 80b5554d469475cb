// A million goroutines parked at once: what one of them takes, and what it
// costs to start, switch to, and end it; then the same again, with what the
// first round left; then what giving all memory back costs, and what stays.
// Twins: benchmarks/peers (docs/benchmarks.md). Arguments: Ps, bytes of stack,
// goroutines.

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "benchmark/benchmark.h"
#include "benchmarks/report.h"
#include "heddle/heddle.h"
#include "heddle/runtime/debug/stats.h"
#include "heddle/runtime/os/clock.h"

namespace heddle {
namespace {

// Bytes of memory that the process has, its page tables included.
double Resident() {
  std::ifstream status("/proc/self/status");
  double sum = 0;
  for (std::string line; std::getline(status, line);) {
    const std::vector<std::string> fields =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    double kib;
    if (fields.size() > 1 && (fields[0] == "VmRSS:" || fields[0] == "VmPTE:") &&
        absl::SimpleAtod(fields[1], &kib)) {
      sum += kib * 1024;
    }
  }
  return sum;
}

struct Round {
  double create_ns, switch_ns, finish_ns, bytes;
};

Round Park(int n, size_t stack_size, double before) {
  Round round;
  WaitGroup parked;
  WaitGroup turned;
  WaitGroup done;
  WaitGroup first;
  WaitGroup second;
  parked.Add(n);
  turned.Add(n);
  done.Add(n);
  first.Add(1);
  second.Add(1);
  const auto ns_since = [n](int64_t start) {
    return static_cast<double>(os::Nanotime() - start) / n;
  };

  int64_t start = os::Nanotime();
  for (int i = 0; i < n; i++) {
    Go({.stack_size = stack_size}, [&] {
      parked.Done();
      first.Wait();
      turned.Done();
      second.Wait();
      done.Done();
    });
  }
  parked.Wait();
  round.create_ns = ns_since(start);
  round.bytes = (Resident() - before) / n;

  start = os::Nanotime();
  first.Done();
  turned.Wait();
  round.switch_ns = ns_since(start);

  start = os::Nanotime();
  second.Done();
  done.Wait();
  round.finish_ns = ns_since(start);
  return round;
}

void BM_Parked(benchmark::State& state) {
  Options options;
  options.procs = static_cast<int>(state.range(0));
  const auto stack_size = static_cast<size_t>(state.range(1));
  const int n = static_cast<int>(state.range(2));
  for (auto _ : state) {
    benchmarks::ResetPeakRss();
    const double before = Resident();
    heddle::Run(options, [&] {
      const Round round = Park(n, stack_size, before);
      const Round again = Park(n, stack_size, before);
      const int64_t start = os::Nanotime();
      debug::FreeOsMemory();
      state.counters["give_back_ns"] =
          static_cast<double>(os::Nanotime() - start) / n;
      state.counters["bytes_left"] = (Resident() - before) / n;
      state.counters["bytes"] = round.bytes;
      state.counters["create_ns"] = round.create_ns;
      state.counters["switch_ns"] = round.switch_ns;
      state.counters["finish_ns"] = round.finish_ns;
      state.counters["create_again_ns"] = again.create_ns;
      state.counters["switch_again_ns"] = again.switch_ns;
      state.counters["finish_again_ns"] = again.finish_ns;
    });
    benchmarks::ReportPeakRss(state);
  }
}
BENCHMARK(BM_Parked)
    ->Args({1, 64 << 10, 1'000'000})
    ->Args({2, 64 << 10, 1'000'000})
    ->Args({1, 2 << 10, 1'000'000})
    ->Args({2, 2 << 10, 1'000'000})
    ->Args({1, 64 << 10, 1000})
    ->Args({2, 64 << 10, 1000})
    ->Args({1, 2 << 10, 1000})
    ->Args({2, 2 << 10, 1000})
    ->Iterations(1)
    ->Unit(benchmark::kSecond);

}  // namespace
}  // namespace heddle
