#include "heddle/runtime/sched/resolve_options.h"

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/os/cpu_count.h"
#include "heddle/runtime/stack/stack.h"

namespace heddle::sched {
namespace {

using testing::HasSubstr;

// Each test starts without HEDDLE_PROCS, and leaves what it found.
class OptionsTest : public testing::Test {
 protected:
  OptionsTest() {
    const char* env = std::getenv("HEDDLE_PROCS");
    had_env_ = env != nullptr;
    if (had_env_) former_ = env;
    unsetenv("HEDDLE_PROCS");
  }
  ~OptionsTest() override {
    unsetenv("HEDDLE_PROCS");
    if (had_env_) setenv("HEDDLE_PROCS", former_.c_str(), 1);
  }

  static void SetProcs(const std::string& value) {
    ASSERT_EQ(setenv("HEDDLE_PROCS", value.c_str(), 1), 0);
  }

  // The message is to have each of `parts`: the option, its value, the limits.
  static void ExpectInvalid(const Options& options,
                            const std::vector<std::string>& parts) {
    const absl::StatusOr<Options> resolved = ResolveOptions(options);
    ASSERT_EQ(resolved.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(resolved.status().message());
    for (const std::string& part : parts) {
      EXPECT_THAT(message, HasSubstr(part));
    }
  }
  static Options ExpectValid(const Options& options) {
    const absl::StatusOr<Options> resolved = ResolveOptions(options);
    EXPECT_TRUE(resolved.ok()) << resolved.status();
    return resolved.value_or(Options());
  }

 private:
  bool had_env_;
  std::string former_;
};

TEST_F(OptionsTest, DefaultsAreValidAndAskTheSystemForTheCpus) {
  const Options resolved = ExpectValid(Options());
  EXPECT_EQ(resolved.procs, std::min(os::NumCpu(), kMaxProcs));
  EXPECT_EQ(resolved.stack_size, stack::kDefaultStack);
  EXPECT_EQ(resolved.max_threads, 10'000);
  EXPECT_EQ(resolved.thread_idle_ms, 5000);
  EXPECT_FALSE(resolved.randomize);
  EXPECT_FALSE(resolved.migrate_always);
  EXPECT_EQ(resolved.on_main_return, OnMainReturn::kWait);
}

TEST_F(OptionsTest, ProcsHasLimits) {
  for (int procs : {1, 2, kMaxProcs}) {
    EXPECT_EQ(ExpectValid({.procs = procs}).procs, procs);
  }
  for (int procs : {-1, kMaxProcs + 1, INT_MIN, INT_MAX}) {
    ExpectInvalid({.procs = procs},
                  {"Options::procs", "is " + std::to_string(procs) + ";",
                   "1 to 1024", "0 for the CPUs"});
  }
}

TEST_F(OptionsTest, EnvironmentSaysHowManyProcs) {
  for (int procs : {1, 3, kMaxProcs}) {
    SetProcs(std::to_string(procs));
    EXPECT_EQ(ExpectValid(Options()).procs, procs);
  }
}

TEST_F(OptionsTest, EmptyEnvironmentIsNoEnvironment) {
  SetProcs("");
  EXPECT_EQ(ExpectValid(Options()).procs, std::min(os::NumCpu(), kMaxProcs));
}

TEST_F(OptionsTest, BadEnvironmentIsQuotedInTheError) {
  for (const char* bad : {"0", "-1", "1025", "two", "4x", "1.5", " ", "0x4",
                          "99999999999999999999"}) {
    SetProcs(bad);
    ExpectInvalid(Options(), {"HEDDLE_PROCS", std::string("\"") + bad + "\"",
                              "from 1 to 1024"});
  }
}

TEST_F(OptionsTest, ProcsGoesBeforeTheEnvironment) {
  for (const char* env : {"7", "nonsense"}) {
    SetProcs(env);
    EXPECT_EQ(ExpectValid({.procs = 2}).procs, 2);
  }
}

TEST_F(OptionsTest, StackSizeHasLimits) {
  for (size_t size :
       {stack::kMinStack, stack::kDefaultStack, stack::kMaxStack}) {
    EXPECT_EQ(ExpectValid({.stack_size = size}).stack_size, size);
  }
  for (size_t size :
       {size_t{0}, stack::kMinStack - 1, stack::kMaxStack + 1, SIZE_MAX}) {
    ExpectInvalid(
        {.stack_size = size},
        {"Options::stack_size", "is " + std::to_string(size) + " bytes",
         std::to_string(stack::kMinStack) + " to " +
             std::to_string(stack::kMaxStack)});
  }
}

TEST_F(OptionsTest, StackSizeIsRoundedUpToAPowerOfTwo) {
  EXPECT_EQ(ExpectValid({.stack_size = 4097}).stack_size, 8192u);
  EXPECT_EQ(ExpectValid({.stack_size = 65'537}).stack_size, 131'072u);
  EXPECT_EQ(ExpectValid({.stack_size = stack::kMaxStack - 1}).stack_size,
            stack::kMaxStack);
}

TEST_F(OptionsTest, MaxThreadsHasALimit) {
  for (int max : {1, INT_MAX}) {
    EXPECT_EQ(ExpectValid({.max_threads = max}).max_threads, max);
  }
  for (int max : {0, -1, INT_MIN}) {
    ExpectInvalid({.max_threads = max},
                  {"Options::max_threads", "is " + std::to_string(max) + ";",
                   "1 or more"});
  }
}

TEST_F(OptionsTest, ThreadIdleMsHasALimit) {
  for (int ms : {0, 1, INT_MAX}) {
    EXPECT_EQ(ExpectValid({.thread_idle_ms = ms}).thread_idle_ms, ms);
  }
  for (int ms : {-1, INT_MIN}) {
    ExpectInvalid({.thread_idle_ms = ms},
                  {"Options::thread_idle_ms", "is " + std::to_string(ms) + ";",
                   "1 or more", "0 for threads that stay"});
  }
}

TEST_F(OptionsTest, EnumsHaveTheirValuesAlone) {
  for (int value : {-1, 2, 7}) {
    ExpectInvalid({.on_main_return = static_cast<OnMainReturn>(value)},
                  {"Options::on_main_return",
                   "is " + std::to_string(value) + ";", "kAbandon (1)"});
  }
  for (int value : {-1, 3, 7}) {
    ExpectInvalid({.deadlock = static_cast<DeadlockCheck>(value)},
                  {"Options::deadlock", "is " + std::to_string(value) + ";",
                   "kNever (2)"});
  }
}

TEST_F(OptionsTest, TheRestIsKept) {
  const Options resolved =
      ExpectValid({.randomize = true,
                   .seed = 77,
                   .on_main_return = OnMainReturn::kAbandon,
                   .migrate_always = true,
                   .check_held_locks = false});
  EXPECT_TRUE(resolved.randomize);
  EXPECT_EQ(resolved.seed, 77u);
  EXPECT_EQ(resolved.on_main_return, OnMainReturn::kAbandon);
  EXPECT_TRUE(resolved.migrate_always);
  EXPECT_FALSE(resolved.check_held_locks);
}

// What was resolved is what the environment said then.
TEST_F(OptionsTest, ResolvingTwiceChangesNothing) {
  SetProcs("5");
  const Options once = ExpectValid({.stack_size = 5000});
  SetProcs("6");
  const Options twice = ExpectValid(once);
  EXPECT_EQ(twice.procs, 5);
  EXPECT_EQ(twice.stack_size, once.stack_size);
}

}  // namespace
}  // namespace heddle::sched
