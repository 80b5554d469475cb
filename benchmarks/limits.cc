// Physical limits: what the machine takes for what no runtime can do without.
// The other benchmarks' figures are to be read as multiples of these.

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <thread>  // NOLINT
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/other_context.h"
#include "benchmarks/report.h"
#include "benchmarks/work.h"
#include "heddle/runtime/os/clock.h"

namespace heddle::benchmarks {
namespace {

// From one stack to another, with the registers that the ABI wants kept. One
// way.
void BM_RegisterSwitch(benchmark::State& state) {
  constexpr int64_t kTurns = 1000;
  OtherContext other(OtherContext::By::kSwitch);
  Loop(state, 2 * kTurns, [&] { other.SwitchThere(kTurns); });
}
BENCHMARK(BM_RegisterSwitch);

// One atomic addition in a line that nobody else has.
void BM_LockedInstruction(benchmark::State& state) {
  std::atomic<uint64_t> word{0};
  Loop(state, 1, [&] { word.fetch_add(1, std::memory_order_relaxed); });
}
BENCHMARK(BM_LockedInstruction);

// What mutex_8 does under its lock, without one.
void BM_Work(benchmark::State& state) {
  uint64_t x = 1;
  Loop(state, 1, [&] {
    Work(&x);
    benchmark::DoNotOptimize(x);
  });
}
BENCHMARK(BM_Work);

long Futex(std::atomic<uint32_t>* word, int op, uint32_t value) {  // NOLINT
  return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, nullptr,
                 nullptr, 0);
}

// How two threads wait until a word says that it is their turn, and say so.

// Asleep.
struct ByFutex {
  static void Await(std::atomic<uint32_t>* word, uint32_t turn) {
    for (uint32_t now; (now = word->load(std::memory_order_acquire)) != turn;) {
      Futex(word, FUTEX_WAIT, now);
    }
  }
  static void Pass(std::atomic<uint32_t>* word, uint32_t turn) {
    word->store(turn, std::memory_order_release);
    Futex(word, FUTEX_WAKE, 1);
  }
};

// Looking again and again. Now and then others may have the CPU, of which there
// may be one only.
struct BySpinning {
  static void Await(std::atomic<uint32_t>* word, uint32_t turn) {
    constexpr int kLooks = 10'000;
    for (int i = 1; word->load(std::memory_order_acquire) != turn; i++) {
      if (i % kLooks == 0) os::OsYield();
    }
  }
  static void Pass(std::atomic<uint32_t>* word, uint32_t turn) {
    word->store(turn, std::memory_order_release);
  }
};

// To the other thread and back, `turns` times. The median: now and then
// somebody else has the other one's CPU.
template <typename By>
void PingPong(benchmark::State& state, int64_t turns) {
  constexpr uint32_t kHere = 0;
  constexpr uint32_t kThere = 1;
  std::atomic<uint32_t> word{kHere};
  std::atomic<bool> over{false};
  std::thread other([&] {
    for (;;) {
      By::Await(&word, kThere);
      if (over.load(std::memory_order_relaxed)) return;
      By::Pass(&word, kHere);
    }
  });
  std::vector<int64_t> one_way;
  for (auto _ : state) {
    const int64_t start = os::Nanotime();
    for (int64_t i = 0; i < turns; i++) {
      By::Pass(&word, kThere);
      By::Await(&word, kHere);
    }
    one_way.push_back((os::Nanotime() - start) / (2 * turns));
  }
  over.store(true, std::memory_order_relaxed);
  By::Pass(&word, kThere);
  other.join();
  ReportPercentiles(state, one_way);
  state.counters["ns"] = state.counters["p50_ns"];
}

// From a thread that wakes another one until that runs. One way.
void BM_FutexWake(benchmark::State& state) { PingPong<ByFutex>(state, 10); }
BENCHMARK(BM_FutexWake)->UseRealTime();

// The system call alone: nobody waits.
void BM_FutexWakeNobody(benchmark::State& state) {
  std::atomic<uint32_t> word{0};
  Loop(state, 1, [&] { Futex(&word, FUTEX_WAKE, 1); });
}
BENCHMARK(BM_FutexWakeNobody);

// A word from one core to another, both of which look at it. One way.
void BM_CrossCoreHandoff(benchmark::State& state) {
  PingPong<BySpinning>(state, 100);
}
BENCHMARK(BM_CrossCoreHandoff)->UseRealTime();

// The first byte written to a page of fresh memory.
void BM_PageTouch(benchmark::State& state) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  constexpr size_t kPages = 4096;
  const size_t size = kPages * page;
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    state.SkipWithError("no memory: mmap failed");
    return;
  }
  // A huge page is touched once for all of it.
  madvise(memory, size, MADV_NOHUGEPAGE);
  for (auto _ : state) {
    const int64_t start = ThreadCpuNs();
    for (size_t i = 0; i < kPages; i++) {
      *(static_cast<volatile char*>(memory) + i * page) = 1;
    }
    Report(state, ThreadCpuNs() - start, kPages);
    madvise(memory, size, MADV_DONTNEED);
  }
  munmap(memory, size);
}
BENCHMARK(BM_PageTouch)->UseManualTime();

}  // namespace
}  // namespace heddle::benchmarks
