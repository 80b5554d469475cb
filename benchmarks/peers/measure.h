// What the twins in C++ share: the command line "PROGRAM PROCS ROW ARGS…", and
// lines "figure value" on the standard output. It has no part of heddle.

#ifndef BENCHMARKS_PEERS_MEASURE_H_
#define BENCHMARKS_PEERS_MEASURE_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace peers {

using Args = std::vector<int64_t>;
using Row = std::function<void(int procs, const Args& args)>;
using Rows = std::map<std::string, Row>;

inline int64_t Nanotime() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline void Report(const char* figure, double value) {
  std::printf("%s %.10g\n", figure, value);
}

// Runs `round`, which does so many items, for a quarter of a second at least,
// and reports the nanoseconds of the mean item.
template <typename Round>
void Rounds(int64_t items, Round round) {
  int64_t done = 0;
  const int64_t start = Nanotime();
  while (done == 0 || Nanotime() - start < 250'000'000) {
    round();
    done += items;
  }
  Report("ns",
         static_cast<double>(Nanotime() - start) / static_cast<double>(done));
}

// Reports two percentiles of nanoseconds, in microseconds.
inline void ReportLate(std::vector<int64_t> late) {
  std::sort(late.begin(), late.end());
  const auto at = [&late](double p) {
    const auto last = static_cast<double>(late.size() - 1);
    return static_cast<double>(late[static_cast<size_t>(p * last)]) / 1e3;
  };
  Report("late_p50_us", at(0.50));
  Report("late_p99_us", at(0.99));
}

// Some 12 ns that no compiler can shorten.
inline void Work(uint64_t* x) {
  for (int i = 0; i < 9; i++)
    *x = *x * 6364136223846793005 + 1442695040888963407;
}

// The calls that fib(n) takes, its own with them.
inline int64_t FibCalls(int64_t n) {
  return n < 2 ? 1 : 1 + FibCalls(n - 1) + FibCalls(n - 2);
}

// A usage error unless there are n arguments.
inline void Expect(size_t n, const Args& args) {
  if (args.size() == n) return;
  std::fprintf(stderr, "the row takes %zu arguments, not %zu\n", n,
               args.size());
  std::exit(2);
}

// row(args[0], args[1], …).
template <typename... N>
void Call(void (*row)(N...), const Args& args) {
  [&]<size_t... i>(std::index_sequence<i...>) { row(args[i]...); }
  (std::index_sequence_for<N...>());
}

// The number that `text` is; a usage error if it is none.
inline int64_t Number(const char* text) {
  char* end;
  const int64_t n = std::strtoll(text, &end, 10);
  if (end == text || *end != '\0' || n < 0) {
    std::fprintf(stderr, "%s is no number\n", text);
    std::exit(2);
  }
  return n;
}

// Runs the row that the command line names, on so many workers.
inline int Main(int argc, char** argv, const Rows& rows) {
  const auto row = argc < 3 ? rows.end() : rows.find(argv[2]);
  if (row == rows.end()) {
    std::fprintf(stderr, "usage: %s PROCS ROW ARGS..., ROW one of", argv[0]);
    for (const auto& [name, run] : rows) {
      std::fprintf(stderr, " %s", name.c_str());
    }
    std::fprintf(stderr, "\n");
    return 2;
  }
  Args args;
  for (int i = 3; i < argc; i++) args.push_back(Number(argv[i]));
  row->second(static_cast<int>(Number(argv[1])), args);
  return 0;
}

}  // namespace peers

#endif  // BENCHMARKS_PEERS_MEASURE_H_
