// What a program's own compiler flags do with heddle's headers, which it
// includes as it does its own: no warning, and no need of RTTI or exceptions.
// Runs the compilers of this machine on them.

#include <glob.h>

#include <cctype>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/arch/subprocess_for_test.h"

namespace heddle::testing {
namespace {

using ::heddle::arch::CommandResult;
using ::heddle::arch::HaveCommand;
using ::heddle::arch::RunCommand;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// What programs include: README.md's table, and parts of those headers that
// stand for themselves.
constexpr const char* kPublic[] = {
    "heddle.h",
    "runtime/chan/chan.h",
    "runtime/chan/closed_channel.h",
    "runtime/chan/select.h",
    "runtime/context/context.h",
    "runtime/context/task_group.h",
    "runtime/debug/held_locks.h",
    "runtime/debug/stats.h",
    "runtime/debug/traceback.h",
    "runtime/go.h",
    "runtime/labels.h",
    "runtime/runtime.h",
    "runtime/sched/runq.h",
    "runtime/sync/cond.h",
    "runtime/sync/mutex.h",
    "runtime/sync/once.h",
    "runtime/sync/rw_mutex.h",
    "runtime/sync/semaphore.h",
    "runtime/sync/wait_group.h",
    "runtime/time/sleep.h",
    "runtime/time/time.h",
    "testing/leak_check.h",
};

constexpr char kWarnings[] =
    " -Werror -Wall -Wextra -Wcast-qual -Wconversion -Wdouble-promotion"
    " -Wformat=2 -Wnon-virtual-dtor -Wnull-dereference -Wold-style-cast"
    " -Woverloaded-virtual -Wpedantic -Wshadow -Wsign-conversion -Wundef";

// The root of Abseil's includes in the runfiles. Nobody here answers for its
// warnings.
std::string AbseilRoot() {
  constexpr char kFile[] = "/absl/base/config.h";
  std::string root;
  glob_t found;
  if (glob((std::string("../*") + kFile).c_str(), 0, nullptr, &found) == 0) {
    root = found.gl_pathv[0];
    root.resize(root.size() - (sizeof kFile - 1));
  }
  globfree(&found);
  return root;
}

// Compiles `code`, one line of it: `how` says to what end.
CommandResult Compile(const std::string& compiler, const std::string& how,
                      const std::string& code) {
  static const std::string& abseil = *new std::string(AbseilRoot());
  static const std::string& include = *new std::string(arch::IncludeFlag());
  return RunCommand("printf '%b' '" + code + "' | " + compiler + " " + how +
                    " -o /dev/null " + include + " -isystem " + abseil +
                    " -x c++ -");
}

// Looks for errors alone, and makes nothing.
constexpr char kCheck[] = "-fsyntax-only -std=c++20";

std::string Include(const std::string& header) {
  return "#include \"heddle/" + header + "\"\\n";
}

// All that is in headers.txt: those above, and what they include.
std::vector<std::string> AllHeaders() {
  std::vector<std::string> headers;
  std::ifstream file("testing/headers/headers.txt");
  EXPECT_TRUE(file) << "cannot read headers.txt";
  for (std::string line; std::getline(file, line);) headers.push_back(line);
  return headers;
}

// The lines of a compiler's output that tell an error.
std::vector<std::string> Errors(const std::string& output) {
  std::vector<std::string> errors;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("error:") != std::string::npos) errors.push_back(line);
  }
  return errors;
}

class HeadersTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!HaveCommand(GetParam())) {
      GTEST_SKIP() << GetParam() << " is not installed";
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Compilers, HeadersTest,
                         ::testing::Values("g++", "clang++"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '+');
                           return name;
                         });

TEST_P(HeadersTest, HaveNoWarnings) {
  const std::vector<std::string> headers = AllHeaders();
  std::string code;
  for (const std::string& header : headers) code += Include(header);
  for (const char* header : kPublic) EXPECT_THAT(headers, Contains(header));
  const CommandResult result =
      Compile(GetParam(), std::string(kCheck) + kWarnings, code);
  EXPECT_EQ(result.status, 0) << result.output;
}

TEST_P(HeadersTest, HaveNoWarningsInTheirTemplates) {
  // The optimiser of g++ finds more; clang's has no warnings of its own.
  const bool optimise = std::string(GetParam()) == "g++";
  const CommandResult result = Compile(
      GetParam(),
      (optimise ? "-c -O2 -std=c++20" : kCheck) + std::string(kWarnings),
      Include("testing/headers/whole_api.cc"));
  EXPECT_EQ(result.status, 0) << result.output;
}

TEST_P(HeadersTest, NeedNeitherRttiNorExceptions) {
  const CommandResult result =
      Compile(GetParam(),
              std::string(kCheck) + kWarnings + " -fno-rtti -fno-exceptions",
              Include("testing/headers/whole_api.cc"));
  EXPECT_EQ(result.status, 0) << result.output;
}

TEST_P(HeadersTest, WarnOfAGoexitWithoutExceptions) {
  const std::string code =
      Include("runtime/go.h") + "void F() { heddle::Goexit(); }\\n";
  const std::string how = "-c -std=c++20 -Werror";
  CommandResult result = Compile(GetParam(), how, code);
  EXPECT_EQ(result.status, 0) << result.output;
  result = Compile(GetParam(), how + " -fno-exceptions", code);
  EXPECT_THAT(Errors(result.output),
              ElementsAre(HasSubstr("no destructor of a function compiled with "
                                    "-fno-exceptions runs")));
}

TEST_P(HeadersTest, SayInOneErrorThatTheyNeedCxx20) {
  // That of Bazel 4 to 6, and that of later ones and of g++ 12.
  for (const char* standard : {"-std=c++0x", "-std=c++17"}) {
    for (const char* header : kPublic) {
      // clang reads on to the end, which takes its time: some of them will do.
      if (GetParam() != std::string("g++") &&
          header != std::string("heddle.h") &&
          header != std::string("runtime/sync/mutex.h")) {
        continue;
      }
      const CommandResult result =
          Compile(GetParam(), std::string("-fsyntax-only ") + standard,
                  Include(header));
      EXPECT_THAT(
          Errors(result.output),
          ElementsAre(HasSubstr("heddle needs C++20: compile with -std=c++20")))
          << standard << " " << header << "\n"
          << result.output;
    }
  }
}

// One compiler is enough: what a header lacks, it lacks for both.
TEST(PublicHeadersTest, StandAlone) {
  const std::string compiler = HaveCommand("clang++") ? "clang++" : "g++";
  ASSERT_TRUE(HaveCommand(compiler)) << "neither clang++ nor g++ is installed";
  for (const char* header : kPublic) {
    const CommandResult result =
        Compile(compiler, std::string(kCheck) + kWarnings, Include(header));
    EXPECT_EQ(result.status, 0) << header << "\n" << result.output;
  }
}

TEST(ErrorsTest, FindsThem) {
  EXPECT_THAT(Errors("a.h:1:2: error: x\n  1 | x\na.h:2:3: fatal error: y\n"),
              ElementsAre(HasSubstr("x"), HasSubstr("y")));
  EXPECT_THAT(Errors("a.h:1:2: warning: x\n"), IsEmpty());
}

}  // namespace
}  // namespace heddle::testing
