// What is added to AddressSanitizer's reports. testing/sanitizer/programs has
// what goroutines do to each other.

#include "heddle/runtime/debug/asan_report.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sanitizer/asan_error.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sanitizer/stack_hooks.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/switch.h"

namespace heddle::debug {
namespace {

class AsanReportDeathTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!sanitizer::kAsan) GTEST_SKIP() << "for AddressSanitizer";
    testing::FLAGS_gtest_death_test_style = "threadsafe";
  }
};

[[gnu::noinline]] void Write(volatile char* p) { *p = 1; }

void UsesAfterFree() {
  char* volatile block = new char[8];  // the compiler sees it otherwise
  delete[] block;
  Write(block);
}

TEST_F(AsanReportDeathTest, NamesTheGoroutine) {
  EXPECT_DEATH(heddle::Run([] {
                 WaitGroup wg;
                 wg.Add(1);
                 Go({.name = "culprit"}, UsesAfterFree);
                 wg.Wait();
               }),
               "heap-use-after-free(.|\n)*\n"
               "heddle: goroutine [0-9]+ \"culprit\" did this\n");
}

TEST_F(AsanReportDeathTest, NumbersOneWithoutAName) {
  EXPECT_DEATH(heddle::Run(UsesAfterFree), "heddle: goroutine 1 did this\n");
}

TEST_F(AsanReportDeathTest, NamesTheGoroutineThatG0WorksFor) {
  EXPECT_DEATH(heddle::Run([] { sched::SystemStack([] { UsesAfterFree(); }); }),
               "heddle: goroutine 1 did this\n");
}

// The last line but for ASan's own.
TEST_F(AsanReportDeathTest, SaysNothingOfAPlainThread) {
  EXPECT_DEATH(
      {
        heddle::Run([] {});
        std::thread(UsesAfterFree).join();
      },
      "Shadow byte legend(.|\n)*[0-9a-f]\n(==[0-9]+==ABORTING\n)?$");
}

// Poisoned by hand: what lies on a real stack, and whose that is.
TEST_F(AsanReportDeathTest, FindsTheStack) {
  EXPECT_DEATH(heddle::Run([] {
                 std::atomic<uintptr_t> lo{0};
                 Go({.name = "owner"}, [&] {
                   lo = sched::Getg()->stack.lo;
                   while (lo != 0) Yield();
                 });
                 while (lo == 0) Yield();
                 sanitizer::AsanPoison(lo, 64);
                 Write(reinterpret_cast<char*>(lo.load()));
               }),
               "heddle: goroutine 1 did this\n"
               "heddle: 0x[0-9a-f]+ is on the stack of goroutine [0-9]+ "
               "\"owner\", which is (running|runnable)\n");
}

TEST_F(AsanReportDeathTest, FindsItsOwnStack) {
  EXPECT_DEATH(heddle::Run([] {
                 const uintptr_t lo = sched::Getg()->stack.lo;
                 sanitizer::AsanPoison(lo, 64);
                 Write(reinterpret_cast<char*>(lo));
               }),
               "is on the stack of goroutine 1 itself\n");
}

#if HEDDLE_ASAN
// One that the program sets stands, and can have ours.
TEST_F(AsanReportDeathTest, TheProgramsOwnCallback) {
  EXPECT_DEATH(heddle::Run([] {
                 __asan_set_error_report_callback([](const char* report) {
                   const bool has = std::string(report).find(
                                        "heap-use-after") != std::string::npos;
                   base::PrintErr("mine: %d\n", has);
                   DescribeAsanError();
                 });
                 UsesAfterFree();
               }),
               "mine: 1\nheddle: goroutine 1 did this\n");
}
#endif

}  // namespace
}  // namespace heddle::debug
