// A test with the tag noasan: heddle_cc_test makes no variant of it for asan.

#include "gtest/gtest.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::testing {
namespace {

TEST(NotAsan, IsNotInstrumented) { EXPECT_FALSE(sanitizer::kAsan); }

}  // namespace
}  // namespace heddle::testing
