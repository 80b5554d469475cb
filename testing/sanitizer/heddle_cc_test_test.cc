// What heddle_cc_test makes: variants that are instrumented, with all that they
// depend on, and that get what the test gets. The test is called passed_on_test
// and has variants passed_on_test_asan and passed_on_test_tsan.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/testing/sanitizer/instrumented.h"

namespace heddle::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::vector<std::string> arguments;  // but the program's name

std::string Env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "(none)" : value;
}

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << "cannot read " << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

bool IsVariant(const std::string& suffix) {
  const std::string target = Env("TEST_TARGET");
  return target.size() >= suffix.size() &&
         target.compare(target.size() - suffix.size(), suffix.size(), suffix) ==
             0;
}

TEST(HeddleCcTest, TheVariantIsInstrumented) {
  if (IsVariant("_asan")) {
    EXPECT_TRUE(sanitizer::kAsan);
    EXPECT_FALSE(sanitizer::kTsan);
  } else if (IsVariant("_tsan")) {
    EXPECT_FALSE(sanitizer::kAsan);
    EXPECT_TRUE(sanitizer::kTsan);
  }
}

TEST(HeddleCcTest, SoIsWhatItDependsOn) {
  EXPECT_EQ(LibraryIs().asan, sanitizer::kAsan);
  EXPECT_EQ(LibraryIs().tsan, sanitizer::kTsan);
}

// Also with --config=asan, which has given it before, or --config=tsan.
TEST(HeddleCcTest, ItHasOneSanitizerOnce) {
  const std::vector<std::string> facts =
      LinesOf("testing/sanitizer/build_facts.txt");
  const auto num = [&](const char* fact) {
    return std::count(facts.begin(), facts.end(), fact);
  };
  EXPECT_EQ(num("copt -fsanitize=address"), sanitizer::kAsan);
  EXPECT_EQ(num("copt -fsanitize=undefined"), sanitizer::kAsan);
  EXPECT_EQ(num("linkopt -fsanitize=address,undefined"), sanitizer::kAsan);
  EXPECT_EQ(num("copt -fsanitize=thread"), sanitizer::kTsan);
  EXPECT_EQ(num("linkopt -fsanitize=thread"), sanitizer::kTsan);
}

TEST(HeddleCcTest, TheSanitizersOptionsAreSet) {
  if (sanitizer::kAsan) {
    EXPECT_THAT(Env("ASAN_OPTIONS"),
                HasSubstr("detect_stack_use_after_return=1"));
  }
  if (sanitizer::kTsan) {
    EXPECT_THAT(Env("TSAN_OPTIONS"), HasSubstr("halt_on_error=1"));
  }
}

TEST(HeddleCcTest, PassesEnvOnWithLocationsInIt) {
  EXPECT_EQ(Env("PASSED_ON"), "at testing/sanitizer/testdata.txt");
}

TEST(HeddleCcTest, PassesArgsAndDataOn) {
  ASSERT_THAT(arguments, ElementsAre("testing/sanitizer/testdata.txt"));
  EXPECT_THAT(LinesOf(arguments[0]), ElementsAre("woven"));
}

TEST(HeddleCcTest, PassesSizeTimeoutAndShardsOn) {
  EXPECT_EQ(Env("TEST_SIZE"), "small");
  EXPECT_EQ(Env("TEST_TIMEOUT"), "300");
  EXPECT_EQ(Env("TEST_TOTAL_SHARDS"), "2");
}

// The tests with this tag whose names begin with `stem`.
std::vector<std::string> Tagged(const std::string& tag,
                                const std::string& stem) {
  std::vector<std::string> tests;
  for (const std::string& line : LinesOf("testing/sanitizer/tags.txt")) {
    const size_t space = line.find(' ');
    if (line.substr(space + 1) == tag && line.rfind(stem, 0) == 0) {
      tests.push_back(line.substr(0, space));
    }
  }
  return tests;
}

TEST(HeddleCcTest, PassesTagsOnAndAddsItsOwn) {
  const std::string name = "passed_on_test";
  const std::string asan = name + "_asan";
  const std::string tsan = name + "_tsan";
  EXPECT_THAT(Tagged("passed_on", name),
              UnorderedElementsAre(name, asan, tsan));
  EXPECT_THAT(Tagged("manual", name), UnorderedElementsAre(asan, tsan));
  EXPECT_THAT(Tagged("sanitizer_variant", name),
              UnorderedElementsAre(asan, tsan));
  EXPECT_THAT(Tagged("asan", name), ElementsAre(asan));
  EXPECT_THAT(Tagged("tsan", name), ElementsAre(tsan));
}

TEST(HeddleCcTest, LeavesOutWhatATagExcludes) {
  EXPECT_THAT(Tagged("sanitizer_variant", "not_asan_test"),
              ElementsAre("not_asan_test_tsan"));
}

}  // namespace
}  // namespace heddle::testing

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  heddle::testing::arguments.assign(argv + 1, argv + argc);
  return RUN_ALL_TESTS();
}
