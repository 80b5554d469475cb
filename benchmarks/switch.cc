// From one goroutine to another, step by step: the registers alone, through g0
// and back, and by what goroutines wait with. Arguments are numbers of Ps.

#include <cstdint>

#include "benchmark/benchmark.h"
#include "benchmarks/measure.h"
#include "benchmarks/other_context.h"
#include "benchmarks/report.h"
#include "heddle/heddle.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/wait_reason.h"

namespace heddle {
namespace {

using benchmarks::Loop;
using benchmarks::Measure;
using benchmarks::OtherContext;

// One way, as a goroutine that goes on with the next one directly.
void BM_ArchSwitch(benchmark::State& state) {
  constexpr int64_t kTurns = 1000;
  OtherContext other(OtherContext::By::kSwitch);
  Loop(state, 2 * kTurns, [&] { other.SwitchThere(kTurns); });
}
BENCHMARK(BM_ArchSwitch);

// One way, between g0 and a goroutine.
void BM_ArchGogoMcall(benchmark::State& state) {
  OtherContext other(OtherContext::By::kMcall);
  Loop(state, 2, [&] { other.GogoThere(); });
}
BENCHMARK(BM_ArchGogoMcall);

// To g0, which finds nobody else, and back.
void BM_YieldAlone(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    for (int64_t i = 0; i < n; i++) Yield();
  });
}

// Two goroutines that wake each other, `n` times in all. Each calls
// turn(self, other) with their places.
template <typename Turn>
void InTurns(int64_t n, Turn turn) {
  WaitGroup wg;
  for (const int self : {0, 1}) {
    wg.Go([&turn, n, self] {
      for (int64_t i = 0; i < n; i += 2) turn(self, 1 - self);
    });
  }
  wg.Wait();
}

// Of one that is parked, if it is already; one of the two at most.
class Parked {
 public:
  void WakeOtherAndPark() {
    const sched::InRuntime in;
    Wake();
    sched::Gopark(
        [](sched::G* gp, void* self) {
          static_cast<Parked*>(self)->gp_ = gp;
          return true;
        },
        this, sched::WaitReason::kZero);
  }
  void WakeOther() {
    const sched::InRuntime in;
    Wake();
  }

 private:
  void Wake() {
    if (gp_ != nullptr) sched::Goready(gp_);
    gp_ = nullptr;
  }

  sched::G* gp_ = nullptr;
};

// Goready and Gopark alone. One P: they have no lock.
void BM_ParkReady(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    Parked parked;
    WaitGroup wg;
    for (int g = 0; g < 2; g++) {
      wg.Go([&parked, n] {
        for (int64_t i = 0; i < n; i += 2) parked.WakeOtherAndPark();
        parked.WakeOther();
      });
    }
    wg.Wait();
  });
}

void BM_TurnsBySemaphore(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    Semaphore mine[] = {Semaphore(1), Semaphore(0)};
    InTurns(n, [&mine](int self, int other) {
      mine[self].Acquire();
      mine[other].Release();
    });
  });
}

void BM_TurnsByChannel(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    const Chan<int> mine[] = {Chan<int>(1), Chan<int>(1)};
    mine[0].Send(0);
    InTurns(n, [&mine](int self, int other) {
      int v;
      mine[self].Recv(&v);
      mine[other].Send(v);
    });
  });
}

void BM_TurnsByCond(benchmark::State& state) {
  const int64_t n = state.range(1);
  Measure(state, n, [n] {
    Mutex mu;
    Cond cond(&mu);
    int turn = 0;
    InTurns(n, [&](int self, int other) {
      mu.Lock();
      while (turn != self) cond.Wait();
      turn = other;
      cond.Signal();
      mu.Unlock();
    });
  });
}

HEDDLE_BENCHMARK_PER_PROCS(BM_YieldAlone, 100'000);
BENCHMARK(BM_ParkReady)->Args({1, 100'000})->UseManualTime();
HEDDLE_BENCHMARK_PER_PROCS(BM_TurnsBySemaphore, 10'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_TurnsByChannel, 10'000);
HEDDLE_BENCHMARK_PER_PROCS(BM_TurnsByCond, 10'000);

}  // namespace
}  // namespace heddle
