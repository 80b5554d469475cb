#include "benchmarks/perf_counter.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace heddle::benchmarks {

int OpenInstructionCounter() {
  perf_event_attr attr = {};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_HARDWARE;
  attr.config = PERF_COUNT_HW_INSTRUCTIONS;
  attr.inherit = 1;
  // Those of the kernel are not for everybody to count.
  attr.exclude_kernel = 1;
  attr.exclude_hv = 1;
  return static_cast<int>(syscall(SYS_perf_event_open, &attr, /*pid=*/0,
                                  /*cpu=*/-1, /*group_fd=*/-1,
                                  PERF_FLAG_FD_CLOEXEC));
}

Instructions::~Instructions() {
  if (fd_ >= 0) close(fd_);
}

uint64_t Instructions::Read() {
  uint64_t n = 0;
  if (fd_ >= 0 && read(fd_, &n, sizeof n) != sizeof n) {
    close(fd_);
    fd_ = -1;
  }
  return n;
}

void Instructions::Report(benchmark::UserCounters* counters,
                          int64_t items) const {
  if (fd_ < 0) return;
  (*counters)["instructions"] = benchmark::Counter(static_cast<double>(sum_) /
                                                   static_cast<double>(items));
}

}  // namespace heddle::benchmarks
