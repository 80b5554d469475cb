#include "heddle/runtime/sched/parse_debug_vars.h"

#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/sched/options.h"
#include "heddle/runtime/sched/resolve_options.h"

namespace heddle::sched {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Parsed {
  DebugVars vars;
  bool preempt = true;
  absl::Status status;
};

Parsed Parse(const char* text, const DebugVars& before = {}) {
  Parsed p;
  p.vars = before;
  p.status = ParseDebugVars(text, &p.vars, &p.preempt);
  return p;
}

TEST(DebugVarsTest, NothingSaid) {
  for (const char* text : {"", ",", ",,"}) {
    const Parsed p = Parse(text);
    EXPECT_TRUE(p.status.ok()) << p.status;
    EXPECT_EQ(p.vars.schedtrace_ms, 0);
    EXPECT_FALSE(p.vars.scheddetail);
    EXPECT_EQ(p.vars.traceback_ancestors, 0);
    EXPECT_TRUE(p.preempt);
  }
}

TEST(DebugVarsTest, EachName) {
  const Parsed p = Parse(
      "schedtrace=1000,scheddetail=1,tracebackancestors=5,asyncpreemptoff=1");
  EXPECT_TRUE(p.status.ok()) << p.status;
  EXPECT_EQ(p.vars.schedtrace_ms, 1000);
  EXPECT_TRUE(p.vars.scheddetail);
  EXPECT_EQ(p.vars.traceback_ancestors, 5);
  EXPECT_FALSE(p.preempt);
}

TEST(DebugVarsTest, ZeroIsOff) {
  const Parsed p = Parse("schedtrace=0,scheddetail=0,asyncpreemptoff=0,");
  EXPECT_TRUE(p.status.ok()) << p.status;
  EXPECT_EQ(p.vars.schedtrace_ms, 0);
  EXPECT_FALSE(p.vars.scheddetail);
  EXPECT_TRUE(p.preempt);
}

TEST(DebugVarsTest, TheLastCounts) {
  const Parsed p =
      Parse("schedtrace=1,schedtrace=2,scheddetail=1,scheddetail=0");
  EXPECT_EQ(p.vars.schedtrace_ms, 2);
  EXPECT_FALSE(p.vars.scheddetail);
}

TEST(DebugVarsTest, TheProgramComesFirst) {
  const DebugVars own = {.schedtrace_ms = 7, .traceback_ancestors = 8};
  const Parsed p = Parse("schedtrace=1,tracebackancestors=2", own);
  EXPECT_EQ(p.vars.schedtrace_ms, 7);
  EXPECT_EQ(p.vars.traceback_ancestors, 8);
}

TEST(DebugVarsTest, Limits) {
  EXPECT_TRUE(Parse("schedtrace=86400000").status.ok());
  EXPECT_FALSE(Parse("schedtrace=86400001").status.ok());
  EXPECT_TRUE(Parse("tracebackancestors=1000").status.ok());
  EXPECT_FALSE(Parse("tracebackancestors=1001").status.ok());
  EXPECT_FALSE(Parse("scheddetail=2").status.ok());
  EXPECT_FALSE(Parse("asyncpreemptoff=2").status.ok());
}

TEST(DebugVarsTest, BadValues) {
  for (const char* value : {"", "-1", "x", "1x", "99999999999", "1=1"}) {
    const std::string text = std::string("scheddetail=1,schedtrace=") + value;
    const Parsed p = Parse(text.c_str());
    EXPECT_EQ(p.status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(
        std::string(p.status.message()),
        AllOf(HasSubstr("HEDDLE_DEBUG is \"" + text + "\""),
              HasSubstr("\"" + std::string(value) + "\" is no value of "),
              HasSubstr("schedtrace=0 to 86400000"),
              HasSubstr("tracebackancestors=0 to 1000")));
  }
  EXPECT_FALSE(Parse("schedtrace").status.ok());
}

TEST(DebugVarsTest, UnknownNames) {
  for (const char* name :
       {"schedtraces", "Schedtrace", " schedtrace", "gctrace"}) {
    const Parsed p = Parse((std::string(name) + "=1").c_str());
    EXPECT_EQ(p.status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(p.status.message()),
                AllOf(HasSubstr("there is no \"" + std::string(name) + "\""),
                      HasSubstr("known are schedtrace=")));
  }
}

TEST(DebugVarsTest, CheckNamesTheOption) {
  EXPECT_TRUE(CheckDebugVars({}).ok());
  EXPECT_THAT(std::string(CheckDebugVars({.schedtrace_ms = -1}).message()),
              HasSubstr("Options::debug.schedtrace_ms is -1; it must be 0 to"));
  EXPECT_THAT(
      std::string(CheckDebugVars({.traceback_ancestors = 1001}).message()),
      HasSubstr("Options::debug.traceback_ancestors is 1001"));
}

// As a runtime sees it. Leaves the environment as it was.
class ResolveTest : public ::testing::Test {
 protected:
  ResolveTest() {
    const char* env = std::getenv("HEDDLE_DEBUG");
    had_env_ = env != nullptr;
    if (had_env_) former_ = env;
    unsetenv("HEDDLE_DEBUG");
  }
  ~ResolveTest() override {
    unsetenv("HEDDLE_DEBUG");
    if (had_env_) setenv("HEDDLE_DEBUG", former_.c_str(), 1);
  }

 private:
  bool had_env_;
  std::string former_;
};

TEST_F(ResolveTest, TheEnvironment) {
  setenv("HEDDLE_DEBUG", "schedtrace=5,asyncpreemptoff=1", 1);
  const absl::StatusOr<Options> o = ResolveOptions({.procs = 1});
  ASSERT_TRUE(o.ok()) << o.status();
  EXPECT_EQ(o->debug.schedtrace_ms, 5);
  EXPECT_FALSE(o->preempt);
}

TEST_F(ResolveTest, NoEnvironment) {
  const absl::StatusOr<Options> o =
      ResolveOptions({.procs = 1, .debug = {.scheddetail = true}});
  ASSERT_TRUE(o.ok()) << o.status();
  EXPECT_TRUE(o->debug.scheddetail);
  EXPECT_TRUE(o->preempt);
}

TEST_F(ResolveTest, Errors) {
  EXPECT_EQ(ResolveOptions({.debug = {.schedtrace_ms = -1}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  setenv("HEDDLE_DEBUG", "nonsense", 1);
  EXPECT_EQ(ResolveOptions({}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace heddle::sched
