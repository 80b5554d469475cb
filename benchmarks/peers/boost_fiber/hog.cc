// What benchmarks/hog.cc measures, with Boost.Fiber: with one worker more than
// there are hogs, or the sleeper never wakes.

#include "fibers.h"

namespace peers {
namespace {

// The second worker spins: asleep, it would not be woken to take the sleeper.
void Sleeper(int64_t hogs, int64_t sleeps) {
  constexpr int64_t kNs = 1'000'000;
  std::atomic<bool> stop{false};
  std::atomic<int64_t> started{0};
  WaitGroup done(hogs);
  for (int64_t i = 0; i < hogs; i++) {
    Go([&] {
      started.fetch_add(1, std::memory_order_relaxed);
      while (!stop.load(std::memory_order_relaxed)) {
      }
      done.Done();
    });
  }
  while (started.load(std::memory_order_relaxed) < hogs) {
    boost::this_fiber::yield();
  }
  std::vector<int64_t> late;
  for (int64_t i = 0; i < sleeps; i++) {
    const int64_t start = Nanotime();
    boost::this_fiber::sleep_for(std::chrono::nanoseconds(kNs));
    late.push_back(Nanotime() - start - kNs);
  }
  stop = true;
  done.Wait();
  ReportLate(std::move(late));
}

}  // namespace
}  // namespace peers

int main(int argc, char** argv) {
  return peers::Main(
      argc, argv,
      {
          {"sleeper",
           peers::OnWorkers(peers::Sleeper, peers::Algorithm::kStealingSpins)},
      });
}
