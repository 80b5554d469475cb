// How long it takes until a goroutine runs that was made, or woken, while there
// is an idle P, whose thread sleeps: the mean, p50 and p99.

#include <atomic>
#include <cstdint>
#include <thread>  // NOLINT
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/report.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"

namespace heddle {
namespace {

// Long enough for an M that looks for work to give up.
constexpr int64_t kQuietNs = 200'000;

void Compute(int64_t ns) {
  const int64_t until = os::Nanotime() + ns;
  while (os::Nanotime() < until) {
  }
}

// When a goroutine was asked to run, and how late it was.
class Latency {
 public:
  void Ask() {
    ran_.store(false, std::memory_order_relaxed);
    asked_ = os::Nanotime();
  }
  void Ran() {
    late_.push_back(os::Nanotime() - asked_);
    ran_.store(true, std::memory_order_release);
  }
  // Without a call of the runtime; there may be one CPU only.
  void AwaitRan() const {
    while (!ran_.load(std::memory_order_acquire)) os::OsYield();
  }
  void Report(benchmark::State& state) const {
    benchmarks::ReportPercentiles(state, late_);
  }

 private:
  int64_t asked_ = 0;
  std::atomic<bool> ran_{false};
  std::vector<int64_t> late_;
};

// The caller keeps its P and its thread.
Options Busy() { return {.procs = 2, .preempt = false}; }

// A go statement of a goroutine that then computes.
void BM_WakeByGo(benchmark::State& state) {
  Latency latency;
  heddle::Run(Busy(), [&] {
    for (auto _ : state) {
      Compute(kQuietNs);
      latency.Ask();
      Go([&latency] { latency.Ran(); });
      latency.AwaitRan();
    }
  });
  latency.Report(state);
}
BENCHMARK(BM_WakeByGo)->Iterations(1000)->UseRealTime();

// One that waits is woken by one that then computes.
void BM_WakeByRelease(benchmark::State& state) {
  Latency latency;
  heddle::Run(Busy(), [&] {
    Semaphore asked(0);
    std::atomic<bool> over{false};
    WaitGroup woken;
    woken.Go([&] {
      for (;;) {
        asked.Acquire();
        if (over.load(std::memory_order_relaxed)) return;
        latency.Ran();
      }
    });
    for (auto _ : state) {
      // It waits by then, or is about to, on the other thread.
      Compute(kQuietNs);
      latency.Ask();
      asked.Release();
      latency.AwaitRan();
    }
    over.store(true, std::memory_order_relaxed);
    asked.Release();
    woken.Wait();  // all of this is in the caller's frame
  });
  latency.Report(state);
}
BENCHMARK(BM_WakeByRelease)->Iterations(1000)->UseRealTime();

// One that waits is woken by a plain thread; range(0) Ps, all of them idle.
void BM_WakeByThread(benchmark::State& state) {
  Latency latency;
  heddle::Run(Options{.procs = static_cast<int>(state.range(0))}, [&] {
    Semaphore asked(0);
    std::atomic<bool> over{false};
    std::thread thread([&] {
      for (auto _ : state) {
        Compute(kQuietNs);
        latency.Ask();
        asked.Release();
        latency.AwaitRan();
      }
      over.store(true, std::memory_order_relaxed);
      asked.Release();
    });
    for (;;) {
      asked.Acquire();
      if (over.load(std::memory_order_relaxed)) break;
      latency.Ran();
    }
    Blocking([&thread] { thread.join(); });
  });
  latency.Report(state);
}
BENCHMARK(BM_WakeByThread)->Arg(1)->Arg(2)->Iterations(1000)->UseRealTime();

}  // namespace
}  // namespace heddle
