// A runtime in a process that the system has set limits to: it says what is
// short and what to do, or does without. Each case in a process of its own.

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// Bytes: the process' address space now (0), or its data (5), of statm.
rlim_t Now(int field) {
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  for (int i = 0; i <= field; i++) statm >> pages;
  return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

void Limit(decltype(RLIMIT_AS) resource, rlim_t bytes) {
  const struct rlimit limit = {bytes, bytes};
  if (setrlimit(resource, &limit) != 0) std::abort();
}

// More goroutines, which park, than the limit has room for.
void StartTooMany(size_t stack_size) {
  heddle::Run(Options{.procs = 1}, [&] {
    WaitGroup never;
    never.Add(1);
    for (int i = 0; i < 10'000; i++) {
      Go({.stack_size = stack_size}, [&] { never.Wait(); });
    }
    never.Wait();
  });
}

constexpr char kReport[] =
    "runtime: no memory for a stack of %s bytes: Cannot allocate memory; "
    "[0-9]+ stacks of [0-9]+ MiB in all are in use or cached. Raise the limit "
    "on address space \\(ulimit -v\\), the number of mappings \\(sysctl "
    "vm.max_map_count\\) or what the system promises \\(sysctl "
    "vm.overcommit_memory\\), or use smaller stacks\n"
    "fatal error: out of memory: no stack for a goroutine\n";

std::string Report(const char* size) {
  std::string report = kReport;
  return report.replace(report.find("%s"), 2, size);
}

TEST(LimitsDeathTest, AddressSpace) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Limit(RLIMIT_AS, Now(0) + 64 * kMiB);
        StartTooMany(64 << 10);
      },
      testing::KilledBySignal(SIGABRT), Report("65536"));
  EXPECT_EXIT(
      {
        Limit(RLIMIT_AS, Now(0) + 64 * kMiB);
        StartTooMany(4 * kMiB);
      },
      testing::KilledBySignal(SIGABRT), Report("4194304"));
}

// Private memory that may be written to counts as data, touched or not: what a
// system that promises no more than it has (vm.overcommit_memory 2) refuses.
TEST(LimitsDeathTest, Data) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Limit(RLIMIT_DATA, Now(5) + 64 * kMiB);
        StartTooMany(64 << 10);
      },
      testing::KilledBySignal(SIGABRT), Report("65536"));
}

// Twenty runtimes, one after the other, need no more than one: what each took
// is given back.
TEST(LimitsDeathTest, BelowTheLimitAllRun) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Limit(RLIMIT_AS, Now(0) + 256 * kMiB);
        int sum = 0;
        for (int round = 0; round < 20; round++) {
          heddle::Run(Options{.procs = 1, .preempt = false}, [&] {
            for (int i = 0; i < 1000; i++) Go([&] { sum++; });
          });
        }
        std::fprintf(stderr, "sum %d\n", sum);
        _exit(sum == 20'000 ? 0 : 1);
      },
      testing::ExitedWithCode(0), "sum 20000\n");
}

}  // namespace
}  // namespace heddle
