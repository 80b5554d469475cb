// The backend that HEDDLE_THREAD_BACKEND names, in a process of its own for
// each name: a process chooses once.

#include <cstdio>
#include <cstdlib>

#include "gtest/gtest.h"
#include "heddle/runtime/os/newosproc.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::os {
namespace {

[[noreturn]] void SayBackend(const char* name) {
  if (name == nullptr) {
    unsetenv("HEDDLE_THREAD_BACKEND");
  } else {
    setenv("HEDDLE_THREAD_BACKEND", name, 1);
  }
  std::fprintf(stderr, "backend %s", ThreadBackend());
  std::exit(0);
}

// A sanitizer's clone backend is the pthread one.
constexpr const char* kClone = HEDDLE_ASAN || HEDDLE_TSAN || HEDDLE_MSAN
                                   ? "backend pthread"
                                   : "backend clone";

TEST(ThreadEitherDeathTest, TheVariableChooses) {
  const testing::ExitedWithCode ok(0);
  EXPECT_EXIT(SayBackend(nullptr), ok, "backend pthread");
  EXPECT_EXIT(SayBackend("pthread"), ok, "backend pthread");
  EXPECT_EXIT(SayBackend("clone"), ok, kClone);
}

TEST(ThreadEitherDeathTest, AnotherNameIsAnError) {
  EXPECT_DEATH(SayBackend("fibres"),
               "HEDDLE_THREAD_BACKEND is \"fibres\"; it may be pthread or "
               "clone\n.*unknown thread backend");
}

}  // namespace
}  // namespace heddle::os
