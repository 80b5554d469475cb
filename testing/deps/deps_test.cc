// A program that uses one part of heddle does not get the rest of Abseil with
// it: the parts below need its macros and annotations alone.

#include <fstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heddle::testing {
namespace {

using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::Le;
using ::testing::SizeIs;

// The labels in `file`, a genquery's, that contain `part`.
std::vector<std::string> LabelsWith(const std::string& part,
                                    const std::string& file) {
  std::vector<std::string> labels;
  std::ifstream lines("testing/deps/" + file);
  EXPECT_TRUE(lines) << "cannot read " << file;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(part) != std::string::npos) labels.push_back(line);
  }
  return labels;
}

TEST(DepsTest, TheRunQueueNeedsLittleOfAbseil) {
  EXPECT_THAT(LabelsWith("//runtime/", "runq_deps"),
              Contains(EndsWith("//runtime/base:throw")));
  // core_headers, and config below it; a newer Abseil may divide them.
  EXPECT_THAT(LabelsWith("//absl/", "runq_deps"), SizeIs(Le(5)));
}

}  // namespace
}  // namespace heddle::testing
