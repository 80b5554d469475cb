// The rows of benchmarks/spawn.cc and benchmarks/chan.cc that a fork-join
// library can do: tasks that end without waiting for anything but their own.

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include "../measure.h"

namespace peers {
namespace {

namespace tbb = oneapi::tbb;

// Batches of n tasks that do nothing, waited for.
void Create(int64_t n) {
  Rounds(n, [n] {
    tbb::task_group group;
    for (int64_t i = 0; i < n; i++) group.run([] {});
    group.wait();
  });
}

void Link(tbb::task_group* group, int64_t left) {
  if (left > 0) group->run([group, left] { Link(group, left - 1); });
}

// Each task starts the next: one is alive at a time.
void Chain(int64_t n) {
  Rounds(n, [n] {
    tbb::task_group group;
    Link(&group, n);
    group.wait();
  });
}

int64_t SkynetNode(int64_t num, int64_t size) {
  if (size == 1) return num;
  int64_t parts[10];
  tbb::task_group group;
  for (int64_t i = 0; i < 10; i++) {
    group.run([&part = parts[i], num, size, i] {
      part = SkynetNode(num + i * (size / 10), size / 10);
    });
  }
  group.wait();
  int64_t sum = 0;
  for (const int64_t part : parts) sum += part;
  return sum;
}

// A tree of tasks with so many leaves. Per leaf; the second round and further.
void Skynet(int64_t leaves) {
  SkynetNode(0, leaves);
  Rounds(leaves, [leaves] { SkynetNode(0, leaves); });
}

int64_t FibNode(int64_t n) {
  if (n < 2) return n;
  int64_t a;
  int64_t b;
  tbb::task_group group;
  group.run([&a, n] { a = FibNode(n - 1); });
  group.run([&b, n] { b = FibNode(n - 2); });
  group.wait();
  return a + b;
}

void Fib(int64_t n) {
  FibNode(n);
  Rounds(FibCalls(n), [n] { FibNode(n); });
}

// A row of the command line: `row` with its arguments.
Row OnThreads(void (*row)(int64_t)) {
  return [row](int procs, const Args& args) {
    Expect(1, args);
    const tbb::global_control threads(
        tbb::global_control::max_allowed_parallelism,
        static_cast<size_t>(procs));
    tbb::task_arena(procs).execute([&] { Call(row, args); });
  };
}

}  // namespace
}  // namespace peers

int main(int argc, char** argv) {
  return peers::Main(argc, argv,
                     {
                         {"create", peers::OnThreads(peers::Create)},
                         {"chain", peers::OnThreads(peers::Chain)},
                         {"skynet", peers::OnThreads(peers::Skynet)},
                         {"fib", peers::OnThreads(peers::Fib)},
                     });
}
