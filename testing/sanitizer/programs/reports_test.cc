// Each program that has a mistake is caught, in the builds that can catch it,
// with a report of the right kind that names the goroutines; and its twin
// without the mistake runs clean, in all builds.

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <ostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Result {
  int status;  // as of waitpid
  std::string output;
};

Result RunProgram(const std::string& arguments) {
  const std::string command =
      "exec testing/sanitizer/programs/programs " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {-1, "cannot run " + command};
  Result result;
  std::array<char, 4096> buffer;
  while (const size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) {
    result.output.append(buffer.data(), n);
  }
  result.status = pclose(pipe);
  return result;
}

// Who catches it: a build with that sanitizer, or every one.
enum class By { kAll, kAsan, kTsan };

bool IsIn(By by) {
  return by == By::kAll || (by == By::kAsan && sanitizer::kAsan) ||
         (by == By::kTsan && sanitizer::kTsan);
}

struct Case {
  const char* program;
  By by;
  std::vector<const char*> expected;  // each a POSIX extended expression
  std::vector<const char*> unexpected = {};
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.program;
}

const Case kCases[] = {
    {"captured_race",
     By::kTsan,
     {"WARNING: ThreadSanitizer: data race", "'goroutine [0-9]+ alice'",
      "'goroutine [0-9]+ bob'"}},
    {"channel_race",
     By::kTsan,
     {"WARNING: ThreadSanitizer: data race", "'goroutine [0-9]+ alice'",
      "'goroutine [0-9]+ bob'"}},
    {"dead_race",
     By::kTsan,
     {"WARNING: ThreadSanitizer: data race", "'goroutine [0-9]+ alice'",
      "'goroutine [0-9]+ bob'"}},
    {"lock_order",
     By::kTsan,
     {"WARNING: ThreadSanitizer: lock-order-inversion",
      "'goroutine [0-9]+ alice'", "'goroutine [0-9]+ bob'"}},
    {"use_after_return",
     By::kAsan,
     {"ERROR: AddressSanitizer: stack-use-after-return",
      "goroutine [0-9]+ \"bob\" did this",
      "is on the fake stack of goroutine [0-9]+ \"alice\""}},
    {"dead_stack",
     By::kAsan,
     {"ERROR: AddressSanitizer: use-after-poison",
      "goroutine [0-9]+ \"bob\" did this",
      "is on the stack of goroutine [0-9]+ \"alice\", which has ended"}},
    {"heap_use_after_free",
     By::kAsan,
     {"ERROR: AddressSanitizer: heap-use-after-free",
      "heap_use_after_free\\.cc:[0-9]+", "goroutine [0-9]+ \"bob\" did this"}},
    {"leak",
     By::kAsan,
     {"ERROR: LeakSanitizer: detected memory leaks", "Forgets"},
     {"HoldsWhile"}},
    {"stack_overflow",
     By::kAll,
     {"fatal error: stack overflow",
      "goroutine [0-9]+ \"deep\" exceeds its stack"}},
};

class ReportsTest : public ::testing::TestWithParam<Case> {};

TEST_P(ReportsTest, TheMistakeIsCaught) {
  const Case& c = GetParam();
  if (!IsIn(c.by)) GTEST_SKIP() << "another build finds it";
  const Result result = RunProgram(c.program);
  EXPECT_NE(result.status, 0);
  for (const char* text : c.expected) {
    EXPECT_THAT(result.output, ContainsRegex(text));
  }
  for (const char* text : c.unexpected) {
    EXPECT_THAT(result.output, Not(HasSubstr(text)));
  }
}

TEST_P(ReportsTest, TheTwinRunsClean) {
  const Result result = RunProgram(std::string(GetParam().program) + " fixed");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.output, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, ReportsTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) {
                           return std::string(info.param.program);
                         });

TEST(Programs, OneThatIsNotThereIsAnError) {
  const Result result = RunProgram("there_is_none");
  ASSERT_TRUE(WIFEXITED(result.status));
  EXPECT_EQ(WEXITSTATUS(result.status), 2);
  EXPECT_THAT(result.output, HasSubstr("usage: programs NAME"));
}

}  // namespace
}  // namespace heddle::testing
