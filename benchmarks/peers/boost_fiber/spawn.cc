// What benchmarks/spawn.cc measures, with Boost.Fiber.

#include "fibers.h"

namespace peers {
namespace {

// Batches of n fibers that only call Done, waited for.
void Create(int64_t n) {
  Rounds(n, [n] {
    WaitGroup wg(n);
    for (int64_t i = 0; i < n; i++) Go([&wg] { wg.Done(); });
    wg.Wait();
  });
}

void Link(WaitGroup* wg, int64_t left) {
  if (left == 0) {
    wg->Done();
    return;
  }
  Go([wg, left] { Link(wg, left - 1); });
}

// Each fiber starts the next: one is alive at a time.
void Chain(int64_t n) {
  Rounds(n, [n] {
    WaitGroup wg(1);
    Link(&wg, n);
    wg.Wait();
  });
}

// Fibers that only yield.
void Yield(int64_t n, int64_t yields) {
  Rounds(n * yields, [n, yields] {
    WaitGroup wg(n);
    for (int64_t i = 0; i < n; i++) {
      Go([&wg, yields] {
        for (int64_t j = 0; j < yields; j++) boost::this_fiber::yield();
        wg.Done();
      });
    }
    wg.Wait();
  });
}

}  // namespace
}  // namespace peers

int main(int argc, char** argv) {
  return peers::Main(argc, argv,
                     {
                         {"create", peers::OnWorkers(peers::Create)},
                         {"chain", peers::OnWorkers(peers::Chain)},
                         {"yield", peers::OnWorkers(peers::Yield)},
                     });
}
