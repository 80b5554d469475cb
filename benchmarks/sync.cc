// Locks and waiting: what each costs when nobody is in the way, and when all
// are. Twins: benchmarks/peers (docs/benchmarks.md). The first argument is the
// number of Ps.

#include <cstdint>
#include <mutex>

#include "benchmark/benchmark.h"
#include "benchmarks/measure.h"
#include "benchmarks/work.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

using benchmarks::Measure;
using benchmarks::Work;

// Runs f in so many goroutines, and waits for them.
template <typename F>
void Each(int64_t goroutines, F f) {
  WaitGroup wg;
  for (int64_t g = 0; g < goroutines; g++) wg.Go(f);
  wg.Wait();
}

void BM_Mutex(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    Mutex mu;
    for (int64_t i = 0; i < n; i++) {
      mu.Lock();
      mu.Unlock();
    }
  });
}

// range(2) goroutines, and work under the lock.
void BM_MutexContended(benchmark::State& state) {
  const int64_t n = state.range(1);
  const int64_t goroutines = state.range(2);
  Measure(state, n * goroutines, [n, goroutines] {
    Mutex mu;
    uint64_t x = 1;
    Each(goroutines, [&mu, &x, n] {
      for (int64_t i = 0; i < n; i++) {
        const std::lock_guard<Mutex> lock(mu);
        Work(&x);
      }
    });
    benchmark::DoNotOptimize(x);
  });
}

void BM_RWMutexRead(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    RWMutex mu;
    for (int64_t i = 0; i < n; i++) {
      mu.RLock();
      mu.RUnlock();
    }
  });
}

// range(2) goroutines that only read.
void BM_RWMutexReaders(benchmark::State& state) {
  const int64_t n = state.range(1);
  const int64_t goroutines = state.range(2);
  Measure(state, n * goroutines, [n, goroutines] {
    RWMutex mu;
    Each(goroutines, [&mu, n] {
      for (int64_t i = 0; i < n; i++) {
        mu.RLock();
        mu.RUnlock();
      }
    });
  });
}

// range(2) goroutines; each hundredth time a writer.
void BM_RWMutexMixed(benchmark::State& state) {
  const int64_t n = state.range(1);
  const int64_t goroutines = state.range(2);
  Measure(state, n * goroutines, [n, goroutines] {
    RWMutex mu;
    uint64_t x = 1;
    Each(goroutines, [&mu, &x, n] {
      for (int64_t i = 0; i < n; i++) {
        if (i % 100 == 0) {
          mu.Lock();
          Work(&x);
          mu.Unlock();
        } else {
          mu.RLock();
          uint64_t copy = x;
          Work(&copy);
          benchmark::DoNotOptimize(copy);
          mu.RUnlock();
        }
      }
    });
  });
}

void BM_WaitGroup(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    WaitGroup wg;
    for (int64_t i = 0; i < n; i++) {
      wg.Add(1);
      wg.Done();
      wg.Wait();
    }
  });
}

// Go's BenchmarkWaitGroupActuallyWait: a goroutine that is waited for.
void BM_WaitGroupWaits(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    for (int64_t i = 0; i < n; i++) {
      WaitGroup wg;
      wg.Add(1);
      Go([&wg] { wg.Done(); });
      wg.Wait();
    }
  });
}

// When it has been done.
void BM_Once(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    Once once;
    int done = 0;
    for (int64_t i = 0; i < n; i++) {
      once.Do([&done] { done++; });
      benchmark::ClobberMemory();
    }
    benchmark::DoNotOptimize(done);
  });
}

// Two goroutines that take turns. One way is an item.
void BM_Cond(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, 2 * n, [n] {
    Mutex mu;
    Cond cond(&mu);
    WaitGroup wg;
    int turn = 0;
    for (int self : {0, 1}) {
      wg.Go([&, self] {
        const std::lock_guard<Mutex> lock(mu);
        for (int64_t i = 0; i < n; i++) {
          while (turn != self) cond.Wait();
          turn = 1 - self;
          cond.Signal();
        }
      });
    }
    wg.Wait();
  });
}

// Beside Go's idiom, a channel with so many places.
void BM_Semaphore(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    Semaphore sema(4);
    for (int64_t i = 0; i < n; i++) {
      sema.Acquire();
      sema.Release();
    }
  });
}

// range(2) goroutines and half as many places; each gives way with one taken.
void BM_SemaphoreContended(benchmark::State& state) {
  const int64_t n = state.range(1);
  const int64_t goroutines = state.range(2);
  Measure(state, n * goroutines, [n, goroutines] {
    Semaphore sema(goroutines / 2);
    Each(goroutines, [&sema, n] {
      for (int64_t i = 0; i < n; i++) {
        sema.Acquire();
        Yield();
        sema.Release();
      }
    });
  });
}

HEDDLE_BENCHMARK_PER_PROCS(BM_Mutex, 100'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_MutexContended, 10'000, 8);
HEDDLE_BENCHMARK_PER_PROCS(BM_RWMutexRead, 100'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_RWMutexReaders, 50'000, 8);
HEDDLE_BENCHMARK_PER_PROCS(BM_RWMutexMixed, 10'000, 8);
HEDDLE_BENCHMARK_PER_PROCS(BM_WaitGroup, 100'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_WaitGroupWaits, 10'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_Once, 100'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_Cond, 10'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_Semaphore, 100'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_SemaphoreContended, 1'000, 8);

}  // namespace
}  // namespace heddle
