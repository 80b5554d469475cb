// What a runtime tells of itself: docs/observability.md shows this program's
// output. Run it with HEDDLE_DEBUG=schedtrace=20, or with more of that.

#include <chrono>
#include <cstdio>

#include "absl/debugging/symbolize.h"
#include "heddle/heddle.h"

namespace {

// Computes for `ms` milliseconds, and lets others run now and then.
void Work(int ms) {
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  while (std::chrono::steady_clock::now() < end) heddle::Yield();
}

void PrintLabels() {
  std::printf("goroutine %d:", static_cast<int>(heddle::GoId()));
  for (const auto& [name, value] : heddle::GetLabels()) {
    std::printf(" %s=%s", name.c_str(), value.c_str());
  }
  std::printf("\n");
}

void Step(heddle::WaitGroup* wg) {
  wg->Go([] {
    PrintLabels();
    std::fputs(heddle::debug::Stack().c_str(), stdout);
  });
}

void Request(heddle::WaitGroup* wg) {
  heddle::SetLabels({{"request", "7"}, {"user", "gopher"}});
  wg->Go([wg] { Step(wg); });
}

void PrintStats() {
  const heddle::debug::Stats s = heddle::debug::ReadStats();
  std::printf("%d goroutines, %d started; %d threads, %d idle; %d procs\n",
              static_cast<int>(s.goroutines),
              static_cast<int>(s.goroutines_created), s.threads, s.idle_threads,
              s.gomaxprocs);
  std::printf("stacks: %zu taken, %zu KiB of address space\n",
              s.stacks.taken_stacks, s.stacks.mapped_bytes >> 10);
  std::printf("runnable for: p50 %.1f us, p99 %.1f us (%d samples)\n",
              static_cast<double>(s.time_to_run.Quantile(0.5)) / 1e3,
              static_cast<double>(s.time_to_run.Quantile(0.99)) / 1e3,
              static_cast<int>(s.time_to_run.count()));
  std::printf("waited for mutexes: %.1f ms\n",
              static_cast<double>(s.mutex_wait_ns) / 1e6);
}

}  // namespace

int main(int /*argc*/, char** argv) {
  absl::InitializeSymbolizer(argv[0]);
  return heddle::Run({.procs = 2}, [] {
    heddle::WaitGroup wg;
    Request(&wg);
    wg.Wait();
    heddle::Mutex mutex;
    for (int i = 0; i < 10; i++) {
      wg.Go([&] {
        Work(60);
        mutex.Lock();
        Work(2);
        mutex.Unlock();
      });
    }
    wg.Wait();
    PrintStats();
  });
}
