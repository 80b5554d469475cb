// Channels: a hop between two goroutines, buffered streams, select, and what
// is made of them. Twins: benchmarks/peers (docs/benchmarks.md). The first
// argument is the number of Ps.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/measure.h"
#include "benchmarks/report.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"

namespace heddle {
namespace {

using benchmarks::Measure;
using benchmarks::Report;

// One way over an unbuffered channel; there and back are two.
void BM_Hop(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, 2 * n, [n] {
    const Chan<int64_t> there;
    const Chan<int64_t> back;
    Go([there, back] {
      while (std::optional<int64_t> v = there.Recv()) back.Send(*v);
    });
    for (int64_t i = 0; i < n; i++) {
      there.Send(i);
      back.Recv();
    }
    there.Close();
  });
}

// range(2) senders, as many receivers, 128 places. Per item.
void BM_Buffered(benchmark::State& state) {
  const int64_t n = state.range(1);
  const int64_t pairs = state.range(2);
  Measure(state, n * pairs, [n, pairs] {
    const Chan<int64_t> ch(128);
    WaitGroup senders;
    WaitGroup receivers;
    for (int64_t p = 0; p < pairs; p++) {
      senders.Go([ch, n] {
        for (int64_t i = 0; i < n; i++) ch.Send(i);
      });
      receivers.Go([ch] {
        int64_t v;
        while (ch.Recv(&v)) {
        }
      });
    }
    senders.Wait();
    ch.Close();
    receivers.Wait();
  });
}

// Go's BenchmarkSelectUncontended: a select of two, and a send.
void BM_SelectBuffered(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    const Chan<int64_t> a(1);
    const Chan<int64_t> b(1);
    a.Send(0);
    int64_t v;
    for (int64_t i = 0; i < n; i++) {
      if (Select(RecvFrom(a, &v), RecvFrom(b, &v)) == 0) {
        b.Send(v);
      } else {
        a.Send(v);
      }
    }
  });
}

// Two channels, a goroutine that sends to them in turn. Per item.
void BM_SelectUnbuffered(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    const Chan<int64_t> a;
    const Chan<int64_t> b;
    Go([a, b, n] {
      for (int64_t i = 0; i < n; i += 2) {
        a.Send(i);
        b.Send(i);
      }
    });
    int64_t v;
    for (int64_t i = 0; i < n; i++) Select(RecvFrom(a, &v), RecvFrom(b, &v));
  });
}

void Skynet(const Chan<int64_t>& result, int64_t num, int64_t size) {
  if (size == 1) {
    result.Send(num);
    return;
  }
  const Chan<int64_t> parts;
  for (int64_t i = 0; i < 10; i++) {
    Go([parts, num, size, i] {
      Skynet(parts, num + i * (size / 10), size / 10);
    });
  }
  int64_t sum = 0;
  for (int i = 0; i < 10; i++) sum += *parts.Recv();
  result.Send(sum);
}

// A tree of goroutines with range(1) leaves; the second round in the process.
// Per leaf.
void BM_Skynet(benchmark::State& state) {
  const int64_t leaves = state.range(1);
  const auto round = [leaves] {
    const Chan<int64_t> result;
    Go([result, leaves] { Skynet(result, 0, leaves); });
    benchmark::DoNotOptimize(*result.Recv());
  };
  benchmarks::ResetPeakRss();
  heddle::Run(Options{.procs = static_cast<int>(state.range(0))}, [&] {
    round();
    for (auto _ : state) {
      const int64_t start = os::Nanotime();
      round();
      Report(state, os::Nanotime() - start, leaves);
    }
  });
  benchmarks::ReportPeakRss(state);
}

int64_t Fib(int64_t n) {
  if (n < 2) return n;
  const Chan<int64_t> a;
  const Chan<int64_t> b;
  // Copies of what is const would be const themselves, and not moved.
  Go([a = a, n] { a.Send(Fib(n - 1)); });
  Go([b = b, n] { b.Send(Fib(n - 2)); });
  return *a.Recv() + *b.Recv();
}

// fib(range(1)), each call a goroutine; the second round in the process. Per
// goroutine.
void BM_Fib(benchmark::State& state) {
  const int64_t n = state.range(1);
  int64_t calls = 1;
  for (int64_t i = 2, before = 1; i <= n; i++) {
    before = std::exchange(calls, 1 + before + calls);
  }
  heddle::Run(Options{.procs = static_cast<int>(state.range(0))}, [&] {
    benchmark::DoNotOptimize(Fib(n));
    for (auto _ : state) {
      const int64_t start = os::Nanotime();
      benchmark::DoNotOptimize(Fib(n));
      Report(state, os::Nanotime() - start, calls);
    }
  });
}

// How long a receiver waits for the CPU whose sender goes on to compute for a
// millisecond. The median.
void BM_BehindSpinningSender(benchmark::State& state) {
  const int64_t n = state.range(1);
  std::vector<int64_t> waits;
  Measure(state, n, [&] {
    const Chan<int64_t> ch;
    WaitGroup done;
    done.Go([&waits, ch] {
      while (std::optional<int64_t> sent = ch.Recv()) {
        waits.push_back(os::Nanotime() - *sent);
      }
    });
    for (int64_t i = 0; i < n; i++) {
      Yield();
      ch.Send(os::Nanotime());
      const int64_t until = os::Nanotime() + 1'000'000;
      while (os::Nanotime() < until) {
      }
    }
    ch.Close();
    done.Wait();
  });
  std::nth_element(waits.begin(), waits.begin() + waits.size() / 2,
                   waits.end());
  state.counters["ns"] =
      benchmark::Counter(static_cast<double>(waits[waits.size() / 2]));
}

HEDDLE_BENCHMARK_PER_PROCS(BM_Hop, 100'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_Buffered, 100'000, 1);
HEDDLE_BENCHMARK_PER_PROCS(BM_Buffered, 100'000, 4);
HEDDLE_BENCHMARK_PER_PROCS(BM_SelectBuffered, 100'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_SelectUnbuffered, 100'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_Skynet, 1000);
HEDDLE_BENCHMARK_PER_PROCS(BM_Skynet, 1'000'000)->Iterations(1);
HEDDLE_BENCHMARK_PER_PROCS(BM_Fib, 12);
HEDDLE_BENCHMARK_PER_PROCS(BM_Fib, 27)->Iterations(1);
HEDDLE_BENCHMARK_PER_PROCS(BM_Fib, 32)->Iterations(1);
HEDDLE_BENCHMARK_PER_PROCS(BM_BehindSpinningSender, 20)->Iterations(5);

}  // namespace
}  // namespace heddle
