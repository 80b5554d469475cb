// What benchmarks/timers.cc measures of sleeping, with Boost.Fiber, which has
// no timers besides.

#include <sys/resource.h>

#include "fibers.h"

namespace peers {
namespace {

double CpuMicroseconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

// n fibers; each sleeps once, for 1 to 100 ms.
void Sleepers(int64_t n) {
  std::vector<int64_t> late(static_cast<size_t>(n));
  const double before = CpuMicroseconds();
  WaitGroup wg(n);
  uint64_t random = 1;
  for (int64_t& at : late) {
    random = random * 6364136223846793005 + 1442695040888963407;
    const int64_t ns =
        1'000'000 + static_cast<int64_t>((random >> 33) % 99'000'000);
    Go([&wg, &at, ns] {
      const int64_t start = Nanotime();
      boost::this_fiber::sleep_for(std::chrono::nanoseconds(ns));
      at = Nanotime() - start - ns;
      wg.Done();
    });
  }
  wg.Wait();
  Report("cpu_us", (CpuMicroseconds() - before) / static_cast<double>(n));
  ReportLate(std::move(late));
}

void SleepIdle(int64_t n) {
  constexpr int64_t kNs = 1'000'000;
  std::vector<int64_t> late;
  for (int64_t i = 0; i < n; i++) {
    const int64_t start = Nanotime();
    boost::this_fiber::sleep_for(std::chrono::nanoseconds(kNs));
    late.push_back(Nanotime() - start - kNs);
  }
  ReportLate(std::move(late));
}

}  // namespace
}  // namespace peers

int main(int argc, char** argv) {
  return peers::Main(argc, argv,
                     {
                         {"sleepers", peers::OnWorkers(peers::Sleepers)},
                         {"sleep_idle", peers::OnWorkers(peers::SleepIdle)},
                     });
}
