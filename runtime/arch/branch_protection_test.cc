// Proves that each assembly file of this repository, and of libunwind, is fit
// for a processor that checks where indirect jumps land, and says so: assembles
// them with each compiler found and looks at the object. Also that nothing of
// it is there if the compiler is not asked for it.

#include <unistd.h>

#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/arch/subprocess_for_test.h"

namespace heddle::arch {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Compiler {
  const char* name;
  const char* command;
  bool x86_64;
  const char* binutils;  // prefix of their names
};

#if defined(__x86_64__)
constexpr bool kX86 = true;
#else
constexpr bool kX86 = false;
#endif

constexpr Compiler kCompilers[] = {
    {"gpp", "g++", kX86, ""},
    {"clangpp", "clang++", kX86, ""},
    {"gpp_aarch64", "aarch64-linux-gnu-g++", false, "aarch64-linux-gnu-"},
    {"clangpp_aarch64", "clang++ --target=aarch64-linux-gnu", false,
     "aarch64-linux-gnu-"},
};

// Paths of the files that `compiler` can assemble, empty or not.
std::vector<std::string> Files(const Compiler& compiler) {
  const char* const all = std::getenv("ASSEMBLY");
  std::istringstream words(all == nullptr ? "" : all);
  std::vector<std::string> files;
  for (std::string file; words >> file;) {
    const bool libunwinds = file.find("libunwind/") != std::string::npos;
    if (libunwinds && file.find(compiler.x86_64 ? "/x86_64/" : "/aarch64/") ==
                          std::string::npos) {
      continue;
    }
    // Newer Bazels have other repositories beside this one.
    const std::string external = "external/";
    if (file.starts_with(external) && access(file.c_str(), R_OK) != 0) {
      file.replace(0, external.size(), "../");
    }
    files.push_back(file);
  }
  return files;
}

class BranchProtection : public testing::TestWithParam<Compiler> {
 protected:
  void SetUp() override {
    const std::string command = GetParam().command;
    if (!HaveCommand(command.substr(0, command.find(' ')))) {
      GTEST_SKIP() << GetParam().command << " is not installed";
    }
    if (!HaveCommand(Tool("objdump"))) {
      GTEST_SKIP() << Tool("objdump") << " is not installed";
    }
  }

  static std::string Tool(const std::string& name) {
    return GetParam().binutils + name;
  }

  // Assembles `file` and returns what binutils show of it.
  static void Assemble(const std::string& file, const std::string& flag,
                       std::string* notes, std::string* symbols,
                       std::string* code) {
    const std::string object = testing::TempDir() + "/branch_protection.o";
    const std::string libunwind =
        file.substr(0, file.find("libunwind/")) + "libunwind/src";
    const CommandResult assembled = RunCommand(
        std::string(GetParam().command) + " " + flag + " " + IncludeFlag() +
        " -I " + libunwind + " -c -o " + object + " " + file);
    ASSERT_EQ(assembled.status, 0) << assembled.output;
    *notes = Output(Tool("readelf") + " --notes " + object);
    *symbols = Output(Tool("readelf") + " --symbols --wide " + object);
    *code = Output(Tool("objdump") + " -d --no-show-raw-insn " + object);
  }

  static std::string Output(const std::string& command) {
    const CommandResult result = RunCommand(command);
    EXPECT_EQ(result.status, 0) << result.output;
    return result.output;
  }
};

INSTANTIATE_TEST_SUITE_P(Compilers, BranchProtection,
                         testing::ValuesIn(kCompilers),
                         [](const auto& info) { return info.param.name; });

// Names of the functions that other files may call, of readelf's output.
std::set<std::string> GlobalFunctions(const std::string& symbols) {
  std::set<std::string> functions;
  std::istringstream lines(symbols);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, value, size, type, binding, visibility, section, name;
    words >> number >> value >> size >> type >> binding >> visibility >>
        section >> name;
    if (type == "FUNC" && binding == "GLOBAL") functions.insert(name);
  }
  return functions;
}

TEST_P(BranchProtection, EachFileIsFitForIt) {
  const bool x86 = GetParam().x86_64;
  const std::string landing = x86 ? "endbr64" : "bti\tc";
  int found = 0;
  ASSERT_FALSE(Files(GetParam()).empty());
  for (const std::string& file : Files(GetParam())) {
    SCOPED_TRACE(file);
    std::string notes, symbols, code;
    Assemble(file, x86 ? "-fcf-protection" : "-mbranch-protection=standard",
             &notes, &symbols, &code);
    EXPECT_THAT(
        notes, HasSubstr(x86 ? "x86 feature: IBT\n" : "AArch64 feature: BTI\n"))
        << "it takes the mark from each program that it is part of";
    const std::set<std::string> functions = GlobalFunctions(symbols);
    std::istringstream lines(code);
    for (std::string line, function; std::getline(lines, line);) {
      if (!function.empty()) {
        EXPECT_THAT(line, HasSubstr(landing)) << function;
        function.clear();
        found++;
      }
      const size_t name = line.find('<');
      if (line.ends_with(">:")) {
        const std::string label = line.substr(name + 1, line.size() - name - 3);
        if (functions.count(label) != 0) function = label;
      }
      // To a return address, which is no landing.
      if (x86 && line.find("jmp") != std::string::npos &&
          line.find("*%") != std::string::npos) {
        EXPECT_THAT(line, HasSubstr("notrack"));
      }
      EXPECT_THAT(line, Not(HasSubstr("\tbr\t")));
    }
  }
  EXPECT_GE(found, 10) << "functions";
}

TEST_P(BranchProtection, NobodyElsePaysForIt) {
  const bool x86 = GetParam().x86_64;
  for (const std::string& file : Files(GetParam())) {
    SCOPED_TRACE(file);
    std::string notes, symbols, code;
    Assemble(file, x86 ? "-fcf-protection=none" : "-mbranch-protection=none",
             &notes, &symbols, &code);
    EXPECT_THAT(notes, Not(HasSubstr("feature")));
    EXPECT_THAT(code, Not(HasSubstr("endbr64")));
    EXPECT_THAT(code, Not(HasSubstr("notrack")));
    EXPECT_THAT(code, Not(HasSubstr("bti")));
  }
}

}  // namespace
}  // namespace heddle::arch
