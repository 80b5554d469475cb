// What a goroutine costs: starting and finishing it, yielding, parking, a
// mutex, a whole Run. Twins: benchmarks/peers (docs/benchmarks.md). The first
// argument is the number of Ps.

#include "benchmark/benchmark.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

Options Procs(const benchmark::State& state) {
  return Options{.procs = static_cast<int>(state.range(0))};
}

// Batches of 1,000 goroutines that only call Done, waited for.
void BM_CreateGoroutines(benchmark::State& state) {
  constexpr int kBatch = 1000;
  heddle::Run(Procs(state), [&] {
    for (auto _ : state) {
      WaitGroup wg;
      wg.Add(kBatch);
      for (int i = 0; i < kBatch; i++) Go([&wg] { wg.Done(); });
      wg.Wait();
    }
  });
  state.SetItemsProcessed(state.iterations() * kBatch);
}
BENCHMARK(BM_CreateGoroutines)->Arg(1)->Arg(2)->UseRealTime();

// Each goroutine starts the next: one is alive at a time.
void Chain(WaitGroup* wg, int64_t left) {
  if (left == 0) {
    wg->Done();
    return;
  }
  Go([wg, left] { Chain(wg, left - 1); });
}

void BM_CreateGoroutinesChain(benchmark::State& state) {
  constexpr int kChain = 1000;
  heddle::Run(Procs(state), [&] {
    for (auto _ : state) {
      WaitGroup wg;
      wg.Add(1);
      Chain(&wg, kChain);
      wg.Wait();
    }
  });
  state.SetItemsProcessed(state.iterations() * kChain);
}
BENCHMARK(BM_CreateGoroutinesChain)->Arg(1)->Arg(2)->UseRealTime();

// Goroutines that only yield; range(1) of them.
void BM_Yield(benchmark::State& state) {
  constexpr int kYields = 1000;
  const auto n = static_cast<int>(state.range(1));
  heddle::Run(Procs(state), [&] {
    for (auto _ : state) {
      WaitGroup wg;
      for (int i = 0; i < n; i++) {
        wg.Go([] {
          for (int j = 0; j < kYields; j++) Yield();
        });
      }
      wg.Wait();
    }
  });
  state.SetItemsProcessed(state.iterations() * n * kYields);
}
BENCHMARK(BM_Yield)->ArgsProduct({{1, 2}, {2, 1000}})->UseRealTime();

void BM_MutexUncontended(benchmark::State& state) {
  heddle::Run(Procs(state), [&] {
    Mutex mu;
    for (auto _ : state) {
      mu.Lock();
      mu.Unlock();
    }
  });
}
BENCHMARK(BM_MutexUncontended)->Arg(1);

// A call that does not block, in Blocking.
void BM_Blocking(benchmark::State& state) {
  heddle::Run(Procs(state), [&] {
    for (auto _ : state) {
      int got = Blocking([] { return 1; });
      benchmark::DoNotOptimize(got);
    }
  });
}
BENCHMARK(BM_Blocking)->Arg(1)->Arg(2)->UseRealTime();

// A runtime from its start to its end, with one goroutine.
void BM_Run(benchmark::State& state) {
  for (auto _ : state) heddle::Run(Procs(state), [] {});
}
BENCHMARK(BM_Run)->Arg(1)->Arg(2)->UseRealTime();

}  // namespace
}  // namespace heddle
