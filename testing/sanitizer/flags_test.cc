// The macro builds with what --config=asan and so on build with: .bazelrc
// cannot load sanitizers.bzl, so this compares the two.

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heddle::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

using Flags = std::vector<std::string>;

// What stands in .bazelrc for each config, not looking into its --config=.
std::map<std::string, Flags> ReadBazelrc() {
  std::map<std::string, Flags> configs;
  std::ifstream file(".bazelrc");
  EXPECT_TRUE(file) << "cannot read .bazelrc";
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command.rfind("build:", 0) != 0) continue;
    Flags& flags = configs[command.substr(6)];
    for (std::string flag; words >> flag;) flags.push_back(flag);
  }
  return configs;
}

// All that makes the code of `config` what it is, and runs its tests.
Flags FlagsOf(const std::string& config) {
  static const auto configs = ReadBazelrc();
  const auto found = configs.find(config);
  if (found == configs.end()) return {};
  Flags flags;
  for (const std::string& flag : found->second) {
    if (flag.rfind("--config=", 0) == 0) {
      const Flags more = FlagsOf(flag.substr(9));
      flags.insert(flags.end(), more.begin(), more.end());
    } else if (flag.rfind("--copt=", 0) == 0 ||
               flag.rfind("--linkopt=", 0) == 0 ||
               flag.rfind("--features=", 0) == 0 ||
               flag.rfind("--test_env=", 0) == 0) {
      flags.push_back(flag);
    }
  }
  return flags;
}

// The macro's, as a config's; under clang or another compiler.
Flags VariantsFlags(const std::string& sanitizer, bool clang) {
  Flags flags;
  std::ifstream file("testing/sanitizer/flags.txt");
  EXPECT_TRUE(file) << "cannot read flags.txt";
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string whose;
    std::string when;
    std::string flag;
    words >> whose >> when >> flag;
    if (whose == sanitizer && (clang || when == "always")) {
      flags.push_back(flag);
    }
  }
  EXPECT_THAT(flags, Not(IsEmpty()));
  return flags;
}

TEST(Flags, OfAsan) {
  EXPECT_THAT(VariantsFlags("asan", false),
              UnorderedElementsAreArray(FlagsOf("asan")));
  EXPECT_THAT(VariantsFlags("asan", true),
              UnorderedElementsAreArray(FlagsOf("clang-asan")));
}

TEST(Flags, OfTsan) {
  EXPECT_THAT(VariantsFlags("tsan", false),
              UnorderedElementsAreArray(FlagsOf("tsan")));
  EXPECT_THAT(VariantsFlags("tsan", true),
              UnorderedElementsAreArray(FlagsOf("clang-tsan")));
}

TEST(Flags, OfMsan) {
  EXPECT_THAT(VariantsFlags("msan", true),
              UnorderedElementsAreArray(FlagsOf("msan")));
}

TEST(Flags, OfUbsan) {
  const Flags config = FlagsOf("ubsan");
  if (config.empty()) GTEST_SKIP() << ".bazelrc has no such config";
  EXPECT_THAT(VariantsFlags("ubsan", false), UnorderedElementsAreArray(config));
}

// The functions of sanitizers.bzl, which were called with sanitizers_cases.bzl.
TEST(Flags, AreRecognisedAndTakenAway) {
  std::ifstream file("testing/sanitizer/cases.txt");
  int num = 0;
  std::string want;
  std::string got;
  while (std::getline(file, want) && std::getline(file, got)) {
    EXPECT_EQ(got, want) << "case " << num;
    num++;
  }
  EXPECT_GT(num, 10);
}

}  // namespace
}  // namespace heddle::testing
