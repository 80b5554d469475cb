// Instructions: how many a piece of a benchmark takes, where the processor and
// the kernel let one count (perf_event_open; virtual machines often do not).
// Where they do not, the counter "instructions" is not there, and nothing is
// said: the rest of the benchmark is as good.

#ifndef BENCHMARKS_PERF_COUNTER_H_
#define BENCHMARKS_PERF_COUNTER_H_

#include <cstdint>

#include "benchmark/benchmark.h"

namespace heddle::benchmarks {

// Opens a counter of instructions in user code, of the calling thread and of
// those that it, and they, will start: its file descriptor, or -1.
int OpenInstructionCounter();

class Instructions {
 public:
  // Counts by the descriptor that `open` returns, 8 bytes for each read.
  explicit Instructions(int (*open)() = OpenInstructionCounter) : fd_(open()) {}
  ~Instructions();
  Instructions(const Instructions&) = delete;
  Instructions& operator=(const Instructions&) = delete;

  // What runs between the two is counted, each time.
  void Start() { started_ = Read(); }
  void Stop() { sum_ += Read() - started_; }

  // Adds the counter "instructions", the mean of `items`, if they were counted.
  void Report(benchmark::UserCounters* counters, int64_t items) const;

 private:
  uint64_t Read();

  int fd_;  // -1: there is nothing to count with
  uint64_t started_ = 0;
  uint64_t sum_ = 0;
};

}  // namespace heddle::benchmarks

#endif  // BENCHMARKS_PERF_COUNTER_H_
