// Runs the aarch64 assembly on any machine: compiles aarch64_self_check.cc and
// the sources that it checks with Debian's cross compiler and runs the result
// under qemu's user-mode emulation. Skipped where these are not installed.

#include <string>

#include "gtest/gtest.h"
#include "heddle/runtime/arch/subprocess_for_test.h"

namespace heddle::arch {
namespace {

constexpr char kCompiler[] = "aarch64-linux-gnu-g++";
constexpr char kSysroot[] = "/usr/aarch64-linux-gnu";

class Aarch64Test : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!HaveCommand(kCompiler) || !HaveCommand("qemu-aarch64")) {
      GTEST_SKIP() << "SKIPPED: no aarch64 cross compiler or no qemu-user "
                      "(Debian: g++-aarch64-linux-gnu, qemu-user)";
    }
  }

  static CommandResult Run(const std::string& program) {
    return RunCommand(std::string("qemu-aarch64 -L ") + kSysroot + " " +
                      program);
  }
};

// The last one: the processor that qemu plays checks where indirect jumps land.
// The checked program binds its calls at once, as lazy binding would jump into
// its own PLT.
INSTANTIATE_TEST_SUITE_P(
    Flags, Aarch64Test,
    testing::Values("-O0", "-O2", "-O2 -static", "-O3 -fomit-frame-pointer",
                    "-O2 -mbranch-protection=standard -Wl,-z,now"),
    [](const auto& info) { return "Flags" + std::to_string(info.index); });

TEST_P(Aarch64Test, SelfCheckPasses) {
  const std::string program = testing::TempDir() + "/self_check";
  const std::string dir = "runtime/arch/";
  const CommandResult compiled = RunCommand(
      std::string(kCompiler) + " -std=c++20 -Wall -Wextra -Werror -g " +
      IncludeFlag() + " " + GetParam() + " -o " + program + " " + dir +
      "aarch64_self_check.cc " + dir + "getg.cc " + dir + "gobuf_aarch64.S " +
      dir + "registers_for_test.S");
  ASSERT_EQ(compiled.status, 0) << compiled.output;
  const CommandResult ran = Run(program);
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.output, "ok\n");
  EXPECT_EQ(Run(program + " terminate").status, 7);
}

}  // namespace
}  // namespace heddle::arch
