#include "benchmarks/perf_counter.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "gtest/gtest.h"

namespace heddle::benchmarks {
namespace {

// A descriptor from which these are read, one after the other.
std::vector<uint64_t>* readings = nullptr;
int OpenReadings() {
  const int fd = memfd_create("readings", MFD_CLOEXEC);
  EXPECT_GE(fd, 0);
  const auto bytes = static_cast<ssize_t>(readings->size() * sizeof(uint64_t));
  EXPECT_EQ(write(fd, readings->data(), static_cast<size_t>(bytes)), bytes);
  EXPECT_EQ(lseek(fd, 0, SEEK_SET), 0);
  return fd;
}

TEST(InstructionsTest, WhatIsBetweenStartAndStopIsCounted) {
  std::vector<uint64_t> two = {1000, 4000, 10'000, 12'000};
  readings = &two;
  Instructions instructions(OpenReadings);
  for (int i = 0; i < 2; i++) {
    instructions.Start();
    instructions.Stop();
  }
  benchmark::UserCounters counters;
  instructions.Report(&counters, 10);
  EXPECT_EQ(counters.at("instructions").value, 500);
}

TEST(InstructionsTest, WithoutPermissionThereIsNoCounter) {
  Instructions instructions([] {
    errno = EACCES;
    return -1;
  });
  instructions.Start();
  instructions.Stop();
  benchmark::UserCounters counters;
  instructions.Report(&counters, 10);
  EXPECT_TRUE(counters.empty());
}

TEST(InstructionsTest, OneThatCannotBeReadIsNoCounter) {
  std::vector<uint64_t> one = {1000};
  readings = &one;
  Instructions instructions(OpenReadings);
  instructions.Start();
  instructions.Stop();
  benchmark::UserCounters counters;
  instructions.Report(&counters, 10);
  EXPECT_TRUE(counters.empty());
}

// Where the system lets one count, some were; where it does not, all the same
// nothing is wrong.
TEST(InstructionsTest, TheSystemsCounter) {
  Instructions instructions;
  instructions.Start();
  instructions.Stop();
  benchmark::UserCounters counters;
  instructions.Report(&counters, 1);
  const int fd = OpenInstructionCounter();
  EXPECT_EQ(counters.count("instructions"), fd >= 0 ? 1u : 0u);
  if (fd >= 0) {
    EXPECT_GT(counters.at("instructions").value, 0);
    close(fd);
  }
}

}  // namespace
}  // namespace heddle::benchmarks
