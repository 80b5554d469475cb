// Proves that a program with held_locks_interpose.cc links and runs, and that
// each lock is seen: with each compiler and linker found; with the file in the
// program, in a shared library, and in a static program; and with the
// sanitizers, whose libraries define the same functions.

#include <cctype>
#include <cstdlib>
#include <iostream>
#include <string>
#include <tuple>

#include "gtest/gtest.h"
#include "heddle/runtime/arch/subprocess_for_test.h"

namespace heddle::debug {
namespace {

using arch::CommandResult;
using arch::HaveCommand;
using arch::RunCommand;

enum class Kind { kProgram, kSharedLibrary, kStatic };

constexpr const char* kCompilers[] = {"g++", "clang++"};
constexpr const char* kSanitizers[] = {"", "-fsanitize=address",
                                       "-fsanitize=thread"};
constexpr const char* kLinkers[] = {"bfd", "gold", "lld"};

class HeldLocksLink
    : public testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  HeldLocksLink()
      : dir_(testing::TempDir() + "/" + TestName({GetParam(), 0})),
        compiler_(std::string(std::get<0>(GetParam())) + " " +
                  std::get<1>(GetParam())) {
    RunCommand("mkdir -p " + dir_);
  }

  // Compiles one of the files in this directory.
  CommandResult Compile(const std::string& name) const {
    return RunCommand(compiler_ + " -std=c++20 -g -fPIC " +
                      arch::IncludeFlag() + " -c -o " + Object(name) +
                      " runtime/debug/" + name + ".cc");
  }

  std::string Link(Kind kind, const std::string& linker) const {
    // As the target held_locks_on has them.
    const char* const options = std::getenv("HELD_LOCKS_LINKOPTS");
    if (options == nullptr) return "false";
    const std::string link = compiler_ + " " + linker;
    const std::string library = Object("held_locks_interpose") + " " +
                                Object("held_locks_link_probe_table");
    const std::string program =
        " -o " + Program() + " " + Object("held_locks_link_probe") + " ";
    switch (kind) {
      case Kind::kProgram:
        return link + program + library + " " + options;
      case Kind::kSharedLibrary:
        return link + " -shared -o " + dir_ + "/libprobe.so " + library + " " +
               options + " && " + link + program + dir_ +
               "/libprobe.so -pthread -Wl,-rpath," + dir_;
      case Kind::kStatic:
        return link + " -static" + program + library + " " + options;
    }
    return "false";
  }

  std::string Program() const { return dir_ + "/program"; }

  // Whether this compiler can make any program that runs with these flags: a
  // linker may be missing. Static programs have no sanitizer; clang 14 links
  // one with ThreadSanitizer, and it crashes before main.
  bool Supports(const std::string& flags) const {
    return RunCommand("echo 'int main() {}' | " + compiler_ + " " + flags +
                      " -x c++ - -o " + Program() + " && " + Program())
               .status == 0;
  }

  std::string Object(const std::string& name) const {
    return dir_ + "/" + name + ".o";
  }

 public:
  static std::string TestName(const testing::TestParamInfo<ParamType>& info) {
    std::string name;
    for (char c :
         std::string(std::get<0>(info.param)) + std::get<1>(info.param)) {
      name += c == '+' ? 'p' : std::isalnum(c) ? c : '_';
    }
    return name;
  }

 private:
  const std::string dir_;
  const std::string compiler_;
};

INSTANTIATE_TEST_SUITE_P(All, HeldLocksLink,
                         testing::Combine(testing::ValuesIn(kCompilers),
                                          testing::ValuesIn(kSanitizers)),
                         HeldLocksLink::TestName);

TEST_P(HeldLocksLink, SeesEachLock) {
  if (!HaveCommand(std::get<0>(GetParam()))) {
    GTEST_SKIP() << std::get<0>(GetParam()) << " is not installed";
  }
  if (!Supports("")) GTEST_SKIP() << "no such sanitizer";
  for (const char* source : {"held_locks_interpose", "held_locks_link_probe",
                             "held_locks_link_probe_table"}) {
    const CommandResult compiled = Compile(source);
    ASSERT_EQ(compiled.status, 0) << compiled.output;
  }
  for (const char* name : kLinkers) {
    const std::string linker = std::string("-fuse-ld=") + name;
    for (Kind kind : {Kind::kProgram, Kind::kSharedLibrary, Kind::kStatic}) {
      const std::string flags =
          linker + (kind == Kind::kStatic ? " -static" : "");
      SCOPED_TRACE(flags +
                   (kind == Kind::kSharedLibrary ? " (shared library)" : ""));
      if (!Supports(flags)) {
        std::cout << "not supported: " << flags << "\n";
        continue;
      }
      const CommandResult linked = RunCommand(Link(kind, linker));
      EXPECT_EQ(linked.status, 0) << linked.output;
      if (linked.status != 0) continue;
      const CommandResult ran = RunCommand(Program());
      EXPECT_EQ(ran.status, 0);
      EXPECT_EQ(ran.output, "ok\n");
    }
  }
}

TEST(HeldLocksLinkTools, HasACompiler) {
  EXPECT_TRUE(HaveCommand("g++") || HaveCommand("clang++"))
      << "neither g++ nor clang++ is installed, so nothing was proved";
}

}  // namespace
}  // namespace heddle::debug
