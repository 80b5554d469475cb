// What benchmarks/sync.cc measures, with Boost.Fiber.

#include "fibers.h"

namespace peers {
namespace {

void Mutex(int64_t n) {
  Rounds(n, [n] {
    fibers::mutex mu;
    for (int64_t i = 0; i < n; i++) {
      mu.lock();
      mu.unlock();
    }
  });
}

// So many fibers, and work under the lock.
void MutexContended(int64_t n, int64_t goroutines) {
  Rounds(n * goroutines, [n, goroutines] {
    fibers::mutex mu;
    WaitGroup wg(goroutines);
    volatile uint64_t sink;
    uint64_t x = 1;
    for (int64_t g = 0; g < goroutines; g++) {
      Go([&, n] {
        for (int64_t i = 0; i < n; i++) {
          const std::lock_guard<fibers::mutex> lock(mu);
          Work(&x);
        }
        wg.Done();
      });
    }
    wg.Wait();
    sink = x;
    static_cast<void>(sink);
  });
}

}  // namespace
}  // namespace peers

int main(int argc, char** argv) {
  return peers::Main(
      argc, argv,
      {
          {"mutex", peers::OnWorkers(peers::Mutex)},
          {"mutex_contended", peers::OnWorkers(peers::MutexContended)},
      });
}
