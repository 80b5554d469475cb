// What benchmarks/stacks.cc measures, with Boost.Fiber. Arguments: fibers,
// bytes of stack.

#include <fstream>
#include <sstream>

#include "fibers.h"

namespace peers {
namespace {

// Bytes of memory that the process has, its page tables included.
double Resident() {
  std::ifstream status("/proc/self/status");
  double sum = 0;
  for (std::string line; std::getline(status, line);) {
    std::istringstream fields(line);
    std::string name;
    double kib = 0;
    fields >> name >> kib;
    if (name == "VmRSS:" || name == "VmPTE:") sum += kib * 1024;
  }
  return sum;
}

struct Round {
  double create_ns, finish_ns, bytes;
};

// A channel that everybody receives from until it is closed.
Round Park(int64_t n, double before) {
  Round round;
  fibers::buffered_channel<int> gate(2);
  WaitGroup done(n);
  std::atomic<int64_t> arrived{0};

  int64_t start = Nanotime();
  for (int64_t i = 0; i < n; i++) {
    Go([&] {
      arrived.fetch_add(1, std::memory_order_relaxed);
      int v;
      gate.pop(v);
      done.Done();
    });
  }
  while (arrived.load(std::memory_order_relaxed) < n) {
    boost::this_fiber::yield();
  }
  round.create_ns = static_cast<double>(Nanotime() - start) / n;
  round.bytes = (Resident() - before) / n;

  start = Nanotime();
  gate.close();
  done.Wait();
  round.finish_ns = static_cast<double>(Nanotime() - start) / n;
  return round;
}

void Parked(int64_t n, int64_t bytes_of_stack) {
  stack_size = static_cast<size_t>(bytes_of_stack);
  const double before = Resident();
  const Round round = Park(n, before);
  const Round again = Park(n, before);
  Report("bytes", round.bytes);
  Report("create_ns", round.create_ns);
  Report("finish_ns", round.finish_ns);
  Report("create_again_ns", again.create_ns);
  Report("finish_again_ns", again.finish_ns);
}

}  // namespace
}  // namespace peers

int main(int argc, char** argv) {
  return peers::Main(argc, argv,
                     {
                         {"parked", peers::OnWorkers(peers::Parked)},
                     });
}
