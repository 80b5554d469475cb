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
  using peers::Args;
  using peers::Run;
  return peers::Main(
      argc, argv,
      {
          {"create",
           [](int procs, const Args& args) {
             Run(procs, [&] { peers::Create(args.at(0)); });
           }},
          {"chain",
           [](int procs, const Args& args) {
             Run(procs, [&] { peers::Chain(args.at(0)); });
           }},
          {"yield",
           [](int procs, const Args& args) {
             Run(procs, [&] { peers::Yield(args.at(0), args.at(1)); });
           }},
      });
}
