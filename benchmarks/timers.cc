// Timers: a million goroutines that sleep, one that does on an idle machine,
// and what it costs to make, stop and reset timers. Twins: benchmarks/peers
// (docs/benchmarks.md). The first argument is the number of Ps.

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"

namespace heddle {
namespace {

Options Procs(const benchmark::State& state) {
  return Options{.procs = static_cast<int>(state.range(0))};
}

double CpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return t.tv_sec + t.tv_usec / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// In microseconds, of nanoseconds.
double Percentile(std::vector<int64_t>* values, double p) {
  const auto at = static_cast<size_t>(p * (values->size() - 1));
  std::nth_element(values->begin(), values->begin() + at, values->end());
  return (*values)[at] / 1e3;
}

// range(1) goroutines; each sleeps once, for 1 to 100 ms.
void BM_Sleepers(benchmark::State& state) {
  const auto n = static_cast<size_t>(state.range(1));
  for (auto _ : state) {
    std::vector<int64_t> late(n);
    const double cpu = CpuSeconds();
    heddle::Run(Procs(state), [&] {
      WaitGroup wg;
      wg.Add(static_cast<int>(n));
      uint64_t random = 1;
      for (size_t i = 0; i < n; i++) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const int64_t ns =
            1'000'000 + static_cast<int64_t>((random >> 33) % 99'000'000);
        Go([&wg, ns, at = &late[i]] {
          const int64_t start = os::Nanotime();
          Sleep(absl::Nanoseconds(ns));
          *at = os::Nanotime() - start - ns;
          wg.Done();
        });
      }
      wg.Wait();
      // Of each.
      state.counters["cpu_us"] =
          (CpuSeconds() - cpu) * 1e6 / static_cast<double>(n);
    });
    state.counters["late_p50_us"] = Percentile(&late, 0.50);
    state.counters["late_p99_us"] = Percentile(&late, 0.99);
  }
}
BENCHMARK(BM_Sleepers)
    ->Args({1, 1'000'000})
    ->Args({2, 1'000'000})
    ->Args({1, 1000})
    ->Args({2, 1000})
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// One goroutine sleeps for a millisecond at a time; nothing else is to be done.
void BM_SleepIdle(benchmark::State& state) {
  constexpr int64_t kNs = 1'000'000;
  std::vector<int64_t> late;
  heddle::Run(Procs(state), [&] {
    for (auto _ : state) {
      const int64_t start = os::Nanotime();
      Sleep(absl::Nanoseconds(kNs));
      late.push_back(os::Nanotime() - start - kNs);
    }
  });
  state.counters["late_p50_us"] = Percentile(&late, 0.50);
  state.counters["late_p99_us"] = Percentile(&late, 0.99);
}
BENCHMARK(BM_SleepIdle)->Arg(1)->Arg(2)->Iterations(1000)->UseRealTime();

// 1,000 timers are pending while one is made and stopped, or reset.
std::vector<Timer> Pending() {
  std::vector<Timer> timers;
  for (int i = 0; i < 1000; i++) timers.emplace_back(absl::Hours(1 + i));
  return timers;
}

void BM_StartStop(benchmark::State& state) {
  heddle::Run(Procs(state), [&] {
    const std::vector<Timer> pending = Pending();
    for (auto _ : state) {
      Timer t = AfterFunc(absl::Minutes(1), [] {});
      t.Stop();
    }
  });
}
BENCHMARK(BM_StartStop)->Arg(1)->Arg(2)->UseRealTime();

void BM_Reset(benchmark::State& state) {
  heddle::Run(Procs(state), [&] {
    const std::vector<Timer> pending = Pending();
    Timer t = AfterFunc(absl::Minutes(1), [] {});
    for (auto _ : state) t.Reset(absl::Minutes(1));
    t.Stop();
  });
}
BENCHMARK(BM_Reset)->Arg(1)->Arg(2)->UseRealTime();

// Batches of 1,000 functions that are due at once.
void BM_AfterFunc(benchmark::State& state) {
  constexpr int kBatch = 1000;
  heddle::Run(Procs(state), [&] {
    for (auto _ : state) {
      WaitGroup wg;
      wg.Add(kBatch);
      for (int i = 0; i < kBatch; i++) {
        AfterFunc(absl::ZeroDuration(), [&wg] { wg.Done(); });
      }
      wg.Wait();
    }
  });
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BM_AfterFunc)->Arg(1)->Arg(2)->UseRealTime();

}  // namespace
}  // namespace heddle
