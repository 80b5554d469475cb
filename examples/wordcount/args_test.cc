#include "examples/wordcount/args.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heddle::wordcount {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<Args> Parse(const std::vector<const char*>& args,
                           const Origin& origin = {}) {
  return ParseArgs(args, origin);
}

TEST(ArgsTest, DefaultIsHereWithoutHiddenFolders) {
  const auto args = Parse({});
  ASSERT_TRUE(args.ok());
  EXPECT_EQ(args->root, ".");
  EXPECT_FALSE(args->hidden);
  EXPECT_EQ(args->procs, 0);
  EXPECT_EQ(args->top, 20);
  EXPECT_FALSE(args->help);
}

TEST(ArgsTest, DefaultUnderBazelRunIsTheSourceTree) {
  const auto args = Parse({}, {.workspace = "/src", .working = "/src/sub"});
  ASSERT_TRUE(args.ok());
  EXPECT_EQ(args->root, "/src");
  EXPECT_FALSE(args->hidden);
}

TEST(ArgsTest, AGivenFolderIsCountedWhole) {
  const auto args = Parse({"tree"});
  ASSERT_TRUE(args.ok());
  EXPECT_EQ(args->root, "tree");
  EXPECT_TRUE(args->hidden);
}

TEST(ArgsTest, UnderBazelRunAFolderIsWhereTheUserIs) {
  const Origin origin = {.workspace = "/src", .working = "/src/sub"};
  EXPECT_EQ(Parse({"tree"}, origin)->root, "/src/sub/tree");
  EXPECT_EQ(Parse({"/tree"}, origin)->root, "/tree");
}

TEST(ArgsTest, OptionsTakeTheirValueEitherWay) {
  const auto args = Parse({"--procs=3", "tree", "--top", "7"});
  ASSERT_TRUE(args.ok());
  EXPECT_EQ(args->procs, 3);
  EXPECT_EQ(args->top, 7);
  EXPECT_EQ(args->root, "tree");
}

TEST(ArgsTest, AfterTwoDashesAllIsAFolder) {
  EXPECT_EQ(Parse({"--", "--top"})->root, "--top");
}

TEST(ArgsTest, Help) {
  EXPECT_TRUE(Parse({"--help"})->help);
  EXPECT_TRUE(Parse({"-h"})->help);
}

TEST(ArgsTest, WhatIsWrongIsNamed) {
  const struct {
    std::vector<const char*> args;
    const char* error;
  } kCases[] = {
      {{"--frobnicate"}, "unknown option \"--frobnicate\""},
      {{"--topmost=3"}, "unknown option \"--topmost=3\""},
      {{"--procs"}, "--procs needs a number"},
      {{"--procs="}, "--procs must be a number of 0 or more, not \"\""},
      {{"--procs=two"}, "not \"two\""},
      {{"--procs=-1"}, "not \"-1\""},
      {{"--top=99999999999"}, "not \"99999999999\""},
      {{"--top", "--help"}, "not \"--help\""},
      {{"a", "b"}, "one folder only: \"a\" or \"b\""},
      {{""}, "name is empty"},
  };
  for (const auto& [args, error] : kCases) {
    const auto parsed = Parse(args);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(parsed.status().message(), HasSubstr(error));
  }
}

}  // namespace
}  // namespace heddle::wordcount
