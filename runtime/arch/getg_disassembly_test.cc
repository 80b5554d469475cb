// Proves that no compiler here keeps the address of the thread's G across a
// call: compiles getg_probe.cc with every compiler found, at each level, with
// link-time optimisation and the sanitizers, as a static program, a
// position-independent one and a shared library; runs the result; and looks
// into its machine code for a fresh use of the thread pointer after the call.

#include <cctype>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/arch/subprocess_for_test.h"

namespace heddle::arch {
namespace {

enum class Verdict { kFresh, kHoisted, kNotFound };

// Whether `function`, in objdump's text, uses the thread pointer after its call
// of opaque_switch. A stack protector's canary (%fs:0x28) does not count.
Verdict Check(const std::string& text, const std::string& function) {
  std::istringstream lines(text);
  bool inside = false;
  bool called = false;
  for (std::string line; std::getline(lines, line);) {
    if (!inside) {
      inside = line.find("<" + function + ">:") != std::string::npos;
      continue;
    }
    if (line.empty()) break;  // the end of the function
    if (line.find("<opaque_switch") != std::string::npos) {
      called = true;
      continue;
    }
    const bool x86 = line.find("%fs:") != std::string::npos &&
                     line.find("%fs:0x28") == std::string::npos;
    const bool arm = line.find("tpidr_el0") != std::string::npos;
    if (called && (x86 || arm)) return Verdict::kFresh;
  }
  return called ? Verdict::kHoisted : Verdict::kNotFound;
}

TEST(Check, KnowsTheCases) {
  const std::string before =
      "0000 <f>:\n  1: mov %fs:0x0,%rax\n  2: call 9 <opaque_switch>\n";
  EXPECT_EQ(Check(before + "  3: ret\n", "f"), Verdict::kHoisted);
  EXPECT_EQ(Check(before + "  3: sub %fs:0x28,%rdx\n", "f"), Verdict::kHoisted);
  EXPECT_EQ(Check(before + "\n0001 <g>:\n  4: mov %fs:(%rax),%rax\n", "f"),
            Verdict::kHoisted);
  EXPECT_EQ(Check(before + "  3: mov %fs:(%rax),%rax\n", "f"), Verdict::kFresh);
  EXPECT_EQ(Check(before + "  3: mrs x0, tpidr_el0\n", "f"), Verdict::kFresh);
  EXPECT_EQ(Check(before, "g"), Verdict::kNotFound);
}

struct Compiler {
  std::string name;
  std::string objdump;
  bool runs = true;  // what it makes runs here
};

struct Variant {
  std::string flags;
  bool shared = false;
};

const std::vector<Compiler>& AllCompilers() {
  static const auto& compilers = *new std::vector<Compiler>{
      {"g++", "objdump"},
      {"clang++", "objdump"},
      {"aarch64-linux-gnu-g++", "aarch64-linux-gnu-objdump", false},
  };
  return compilers;
}

const Variant kVariants[] = {
    {"-O0"},
    {"-O2"},
    {"-O3"},
    {"-O3 -fPIE -pie"},
    {"-O2 -static"},
    {"-O2 -fPIC", true},
    {"-O3 -fPIC", true},
    {"-O3 -flto"},
    {"-O3 -flto -fPIC", true},
    {"-O1 -fsanitize=address"},
    {"-O1 -fsanitize=thread"},
};

class GetGDisassembly : public testing::TestWithParam<Compiler> {
 protected:
  GetGDisassembly() : dir_(testing::TempDir() + "/" + GetParam().name) {
    RunCommand("mkdir -p " + dir_);
  }

  // getg.cc is never compiled for link-time optimisation, as in BUILD.bazel.
  std::string Compile(const Variant& variant) {
    const std::string cc =
        GetParam().name + " -std=c++20 " + IncludeFlag() + " ";
    const std::string src = "runtime/arch/getg_probe";
    std::string command = cc + variant.flags + " -fno-lto -c -o " + dir_ +
                          "/getg.o runtime/arch/getg.cc && ";
    const std::string parts =
        src + ".cc " + src + "_switch.cc " + dir_ + "/getg.o";
    if (variant.shared) {
      command += cc + variant.flags + " -shared -o " + Binary(variant) + " " +
                 parts + " && " + cc + " -o " + Program() + " " + src +
                 "_main.cc " + Binary(variant) + " -Wl,-rpath," + dir_;
    } else {
      command += cc + variant.flags + " -o " + Program() + " " + src +
                 "_main.cc " + parts;
    }
    return command;
  }

  std::string Program() const { return dir_ + "/program"; }
  std::string Binary(const Variant& variant) const {
    return variant.shared ? dir_ + "/libprobe.so" : Program();
  }

  // Whether this compiler can make any program with these flags: cross
  // compilers may lack sanitizers, clang the linker's plug-in.
  bool Supports(const Variant& variant) const {
    return RunCommand("echo 'int main() {}' | " + GetParam().name + " " +
                      variant.flags + " -x c++ - -o " + Program())
               .status == 0;
  }

 private:
  const std::string dir_;
};

std::string TestName(const testing::TestParamInfo<Compiler>& info) {
  std::string name;
  for (char c : info.param.name) {
    name += c == '+' ? 'p' : std::isalnum(c) ? c : '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Compilers, GetGDisassembly,
                         testing::ValuesIn(AllCompilers()), TestName);

TEST_P(GetGDisassembly, ReadsTheThreadPointerAgainAfterACall) {
  const Compiler& compiler = GetParam();
  if (!HaveCommand(compiler.name)) {
    GTEST_SKIP() << compiler.name << " is not installed";
  }
  ASSERT_TRUE(HaveCommand(compiler.objdump))
      << compiler.objdump
      << " is missing, so nothing can be proved: install binutils";
  for (const Variant& variant : kVariants) {
    SCOPED_TRACE(compiler.name + " " + variant.flags);
    if (!Supports(variant)) {
      std::cout << "not supported: " << compiler.name << " " << variant.flags
                << "\n";
      continue;
    }
    const CommandResult compiled = RunCommand(Compile(variant));
    ASSERT_EQ(compiled.status, 0) << compiled.output;
    if (compiler.runs) {
      const CommandResult ran = RunCommand(Program());
      EXPECT_EQ(ran.status, 0) << ran.output;
    }
    const CommandResult dump = RunCommand(
        compiler.objdump + " -d --no-show-raw-insn " + Binary(variant));
    ASSERT_EQ(dump.status, 0) << dump.output;
    EXPECT_EQ(Check(dump.output, "probe_fresh"), Verdict::kFresh);
    EXPECT_EQ(Check(dump.output, "probe_fresh_set"), Verdict::kFresh);
    EXPECT_EQ(Check(dump.output, "probe_hoisted"), Verdict::kHoisted)
        << "the check does not see what it should";
  }
}

TEST(GetGDisassemblyTools, HasACompiler) {
  EXPECT_TRUE(HaveCommand("g++") || HaveCommand("clang++"))
      << "neither g++ nor clang++ is installed, so nothing was proved";
}

}  // namespace
}  // namespace heddle::arch
