// The runtime's hot paths, to be counted instruction by instruction:
//
//   hot_paths PATH COUNT   runs it COUNT times on one P, and ends
//   hot_paths all COUNT    all of them, one after the other
//   hot_paths              prints their names
//
// `tools/bazel run //benchmarks:count_instructions` runs it under callgrind.
// Options::randomize would make the order of goroutines sure, but turns off
// what is counted here (direct.h). One P and preempt = false are enough:
// nothing but the slices of time then depends on the clock.

#include <cstdint>
#include <cstdio>
#include <optional>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "heddle/heddle.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/wait_reason.h"

namespace heddle {
namespace {

// Goroutines that only call Done, a thousand at a time.
void Spawn(int64_t n) {
  constexpr int64_t kBatch = 1000;
  for (int64_t left = n; left > 0; left -= kBatch) {
    WaitGroup wg;
    wg.Add(kBatch);
    for (int64_t i = 0; i < kBatch; i++) Go([&wg] { wg.Done(); });
    wg.Wait();
  }
}

void Chain(WaitGroup* wg, int64_t left) {
  if (left == 0) return wg->Done();
  Go([wg, left] { Chain(wg, left - 1); });
}

// Each goroutine starts the next: one is alive at a time.
void SpawnChain(int64_t n) {
  WaitGroup wg;
  wg.Add(1);
  Chain(&wg, n);
  wg.Wait();
}

void YieldOf(int64_t goroutines, int64_t n) {
  WaitGroup wg;
  for (int64_t g = 0; g < goroutines; g++) {
    wg.Go([n, goroutines] {
      for (int64_t i = 0; i < n / goroutines; i++) Yield();
    });
  }
  wg.Wait();
}

void Yield2(int64_t n) { YieldOf(2, n); }
void Yield1000(int64_t n) { YieldOf(1000, n); }

// One way over an unbuffered channel; there and back are two.
void Hop(int64_t n) {
  const Chan<int64_t> there;
  const Chan<int64_t> back;
  Go([there, back] {
    while (std::optional<int64_t> v = there.Recv()) back.Send(*v);
  });
  for (int64_t i = 0; i < n; i += 2) {
    there.Send(i);
    back.Recv();
  }
  there.Close();
}

// A send and a receive, through 128 places.
void Buffered(int64_t n) {
  const Chan<int64_t> ch(128);
  Go([ch, n] {
    for (int64_t i = 0; i < n; i++) ch.Send(i);
    ch.Close();
  });
  int64_t v;
  while (ch.Recv(&v)) {
  }
}

// A select of two of which one is ready, and a send.
void SelectBuffered(int64_t n) {
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
}

// A select of two that waits, and the send that it waits for.
void SelectUnbuffered(int64_t n) {
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
}

void MutexAlone(int64_t n) {
  Mutex mu;
  for (int64_t i = 0; i < n; i++) {
    mu.Lock();
    mu.Unlock();
  }
}

// Two that have it in turn: each Lock has to wait. Two Yields are in it.
void MutexHandOver(int64_t n) {
  Mutex mu;
  WaitGroup wg;
  for (int g = 0; g < 2; g++) {
    wg.Go([&mu, n] {
      for (int64_t i = 0; i < n; i += 2) {
        mu.Lock();
        Yield();
        mu.Unlock();
        Yield();
      }
    });
  }
  wg.Wait();
}

void WaitGroupAlone(int64_t n) {
  WaitGroup wg;
  for (int64_t i = 0; i < n; i++) {
    wg.Add(1);
    wg.Done();
    wg.Wait();
  }
}

// There and back through the gate, with nothing that blocks.
void BlockingCall(int64_t n) {
  int64_t sum = 0;
  for (int64_t i = 0; i < n; i++) sum += Blocking([i] { return i; });
  if (sum < 0) std::puts("too many");
}

// 1,000 timers are pending while one is made and stopped, or reset.
std::vector<Timer> Pending() {
  std::vector<Timer> timers;
  for (int i = 0; i < 1000; i++) timers.emplace_back(absl::Hours(1 + i));
  return timers;
}

void TimerStartStop(int64_t n) {
  const std::vector<Timer> pending = Pending();
  for (int64_t i = 0; i < n; i++) {
    Timer t = AfterFunc(absl::Minutes(1), [] {});
    t.Stop();
  }
}

void TimerReset(int64_t n) {
  const std::vector<Timer> pending = Pending();
  Timer t = AfterFunc(absl::Minutes(1), [] {});
  for (int64_t i = 0; i < n; i++) t.Reset(absl::Minutes(1));
  t.Stop();
}

// What all that waits is made of: Goready of another one, and Gopark.
void ParkReady(int64_t n) {
  sched::G* parked = nullptr;
  const auto turns = [&parked, n] {
    for (int64_t i = 0; i < n; i += 2) {
      const sched::InRuntime in;
      if (parked != nullptr) sched::Goready(parked);
      sched::Gopark(
          [](sched::G* gp, void* at) {
            *static_cast<sched::G**>(at) = gp;
            return true;
          },
          &parked, sched::WaitReason::kZero);
    }
    const sched::InRuntime in;
    if (parked != nullptr) sched::Goready(parked);
    parked = nullptr;
  };
  WaitGroup wg;
  for (int g = 0; g < 2; g++) wg.Go(turns);
  wg.Wait();
}

struct Path {
  const char* name;
  void (*run)(int64_t n);
};

constexpr Path kPaths[] = {
    {"spawn", Spawn},
    {"spawn_chain", SpawnChain},
    {"yield_2", Yield2},
    {"yield_1000", Yield1000},
    {"park_ready", ParkReady},
    {"hop", Hop},
    {"buffered_1_1", Buffered},
    {"select_buffered", SelectBuffered},
    {"select_unbuffered", SelectUnbuffered},
    {"mutex", MutexAlone},
    {"mutex_hand_over", MutexHandOver},
    {"wait_group", WaitGroupAlone},
    {"blocking", BlockingCall},
    {"timer_start_stop", TimerStartStop},
    {"timer_reset", TimerReset},
};

int RunPath(const Path& path, int64_t n) {
  return heddle::Run(Options{.procs = 1, .preempt = false},
                     [&path, n] { path.run(n); });
}

int Main(int argc, char** argv) {
  if (argc == 1) {
    for (const Path& path : kPaths) std::puts(path.name);
    return 0;
  }
  int64_t n;
  if (argc != 3 || !absl::SimpleAtoi(argv[2], &n) || n < 0) {
    std::fprintf(stderr, "usage: %s [PATH|all COUNT]\n", argv[0]);
    return 2;
  }
  const absl::string_view name = argv[1];
  bool known = name == "all";
  for (const Path& path : kPaths) {
    if (name != "all" && name != path.name) continue;
    known = true;
    if (const int status = RunPath(path, n); status != 0) return status;
  }
  if (known) return 0;
  std::fprintf(stderr,
               "%s: there is no path %s; without arguments it prints their "
               "names\n",
               argv[0], argv[1]);
  return 2;
}

}  // namespace
}  // namespace heddle

int main(int argc, char** argv) { return heddle::Main(argc, argv); }
