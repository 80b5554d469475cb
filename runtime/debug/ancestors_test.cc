#include "heddle/runtime/debug/ancestors.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/sched/ancestors.h"

namespace heddle::debug {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

void Line(uintptr_t pc, Out* out) { out->Format("f%d\n", pc); }

std::string Text(const sched::Ancestors* ancestors) {
  std::string text;
  Out out(&text);
  AppendAncestors(ancestors, Line, &out);
  return text;
}

std::shared_ptr<const sched::Ancestor> Make(sched::Ancestor ancestor) {
  return std::make_shared<const sched::Ancestor>(std::move(ancestor));
}

TEST(AppendAncestorsTest, Format) {
  const sched::Ancestors ancestors = {Make({7, 30, {10, 20}}),
                                      Make({1, 40, {50}})};
  EXPECT_EQ(Text(&ancestors),
            "[originating from goroutine 7]:\n"
            "f10\n"
            "f20\n"
            "created by f30\n"
            "[originating from goroutine 1]:\n"
            "f50\n");
}

TEST(AppendAncestorsTest, None) { EXPECT_EQ(Text(nullptr), ""); }

TEST(AppendAncestorsTest, AFullStackMayHaveBeenLonger) {
  const sched::Ancestors ancestors = {
      Make({7, 0, std::vector<uintptr_t>(sched::kMaxAncestorFrames, 1)})};
  EXPECT_THAT(Text(&ancestors),
              testing::EndsWith("...additional frames elided...\n"));
}

// The ancestors' numbers in a traceback.
std::vector<std::string> Originating(const std::string& stack) {
  std::vector<std::string> found;
  for (absl::string_view line : absl::StrSplit(stack, '\n')) {
    if (absl::ConsumePrefix(&line, "[originating from goroutine ")) {
      EXPECT_TRUE(absl::ConsumeSuffix(&line, "]:"));
      found.emplace_back(line);
    }
  }
  return found;
}

// Each starts the next; the last one's traceback.
void Descend(int n, std::string* stack, WaitGroup* wg) {
  if (n == 0) {
    *stack = Stack();
    wg->Done();
    return;
  }
  Go([=] { Descend(n - 1, stack, wg); });
}

std::string StackOfChain(int ancestors, int length) {
  std::string stack;
  heddle::Run({.procs = 1, .debug = {.traceback_ancestors = ancestors}}, [&] {
    WaitGroup wg;
    wg.Add(1);
    Descend(length, &stack, &wg);
    wg.Wait();
  });
  return stack;
}

// As Go's TestTracebackAncestors: N of them for a chain of three.
TEST(StackTest, AsManyAncestorsAsAsked) {
  EXPECT_THAT(Originating(StackOfChain(0, 3)), ElementsAre());
  EXPECT_THAT(Originating(StackOfChain(1, 3)), ElementsAre("3"));
  EXPECT_THAT(Originating(StackOfChain(2, 3)), ElementsAre("3", "2"));
  EXPECT_THAT(Originating(StackOfChain(3, 3)), ElementsAre("3", "2", "1"));
  EXPECT_THAT(Originating(StackOfChain(5, 3)), ElementsAre("3", "2", "1"));
}

// The go statement's frame comes first: the runtime's own are left out.
TEST(StackTest, FramesOfTheAncestor) {
  const std::string stack = StackOfChain(1, 2);
  const std::string part =
      stack.substr(stack.find("[originating from goroutine 2]:\n"));
  const std::vector<std::string> lines = absl::StrSplit(part, '\n');
  ASSERT_GT(lines.size(), 5u) << part;
  // Of goroutine 3: "created by NAME in goroutine 2", then the address.
  const size_t created = stack.find("created by ");
  ASSERT_NE(created, std::string::npos);
  const std::vector<std::string> before = absl::StrSplit(
      stack.substr(created, stack.size() - part.size() - created), '\n');
  EXPECT_EQ(lines[2], before[1]) << stack;
  EXPECT_THAT(part, HasSubstr("\ncreated by "));
  EXPECT_THAT(part, Not(HasSubstr("in goroutine")));
}

}  // namespace
}  // namespace heddle::debug
