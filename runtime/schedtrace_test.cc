// HEDDLE_DEBUG=schedtrace from the environment to standard error.

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// HEDDLE_DEBUG for a scope, and standard error into a pipe.
class SchedTraceTest : public ::testing::Test {
 protected:
  SchedTraceTest() {
    const char* env = std::getenv("HEDDLE_DEBUG");
    had_env_ = env != nullptr;
    if (had_env_) former_ = env;
    EXPECT_EQ(pipe(pipe_), 0);
    stderr_ = dup(STDERR_FILENO);
    EXPECT_GE(dup2(pipe_[1], STDERR_FILENO), 0);
  }
  ~SchedTraceTest() override {
    dup2(stderr_, STDERR_FILENO);
    close(stderr_);
    close(pipe_[0]);
    close(pipe_[1]);
    unsetenv("HEDDLE_DEBUG");
    if (had_env_) setenv("HEDDLE_DEBUG", former_.c_str(), 1);
  }

  static void SetDebug(const char* value) {
    ASSERT_EQ(setenv("HEDDLE_DEBUG", value, 1), 0);
  }

  // What is written until `done(text)`, in a Blocking call.
  template <typename Done>
  std::string ReadUntil(Done done) {
    std::string text;
    while (!done(text)) {
      char buffer[4096];
      const ssize_t n =
          Blocking([&] { return read(pipe_[0], buffer, sizeof buffer); });
      if (n <= 0) break;
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }

 private:
  int pipe_[2];
  int stderr_;
  bool had_env_;
  std::string former_;
};

// "SCHED " at the beginnings of `n` lines, the last of them complete.
bool HasLines(const std::string& text, int n) {
  size_t at = 0;
  for (int i = 0; i < n; i++) {
    at = text.find("SCHED ", at);
    if (at == std::string::npos) return false;
    at = text.find('\n', at);
    if (at == std::string::npos) return false;
  }
  return true;
}

TEST_F(SchedTraceTest, ALineEachPeriod) {
  SetDebug("schedtrace=1");
  std::string text;
  heddle::Run({.procs = 2}, [&] {
    text = ReadUntil([](const std::string& t) { return HasLines(t, 3); });
  });
  EXPECT_THAT(text, StartsWith("SCHED "));
  EXPECT_THAT(
      text, ContainsRegex(
                "^SCHED [0-9]+ms: gomaxprocs=2 idleprocs=[0-2] threads=[0-9]+ "
                "spinningthreads=[0-9]+ needspinning=[01] "
                "idlethreads=[0-9]+ runqueue=0 \\[0 0\\]\nSCHED "));
  EXPECT_THAT(text, Not(HasSubstr("  P0:")));
}

TEST_F(SchedTraceTest, InDetail) {
  SetDebug("schedtrace=1,scheddetail=1");
  std::string text;
  heddle::Run({.procs = 1}, [&] {
    text = ReadUntil([](const std::string& t) {
      return HasLines(t, 2) && absl::StrContains(t, "\n  G1: ");
    });
  });
  EXPECT_THAT(text, ContainsRegex("gcwaiting=false nmidlelocked=0 stopwait=0 "
                                  "sysmonwait=false\n  P0: status="));
  EXPECT_THAT(text, ContainsRegex("\n  M0: p="));
  EXPECT_THAT(text, ContainsRegex("\n  G1: status=[23]\\(\\) m=[0-9]+ "));
}

TEST_F(SchedTraceTest, NoneUnlessAsked) {
  SetDebug("scheddetail=1");
  std::string text;
  heddle::Run({.procs = 1}, [&] {
    EXPECT_EQ(write(STDERR_FILENO, "end", 3), 3);
    text = ReadUntil(
        [](const std::string& t) { return absl::StrContains(t, "end"); });
  });
  EXPECT_EQ(text, "end");
}

TEST_F(SchedTraceTest, NonsenseIsAnError) {
  SetDebug("schedtrace=often");
  try {
    const Runtime runtime;
    FAIL() << "no exception";
  } catch (const std::invalid_argument& e) {
    EXPECT_THAT(e.what(), HasSubstr("HEDDLE_DEBUG is \"schedtrace=often\""));
  }
}

}  // namespace
}  // namespace heddle
