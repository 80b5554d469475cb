#include "runtime/base/throw.h"

#include <string>

#include "gtest/gtest.h"

namespace heddle::base {
namespace {

TEST(ThrowDeathTest, PrintsTheTextAndAborts) {
  EXPECT_EXIT(Throw("stack of %d bytes: %s", 42, "no memory"),
              testing::KilledBySignal(SIGABRT),
              "fatal error: stack of 42 bytes: no memory\n");
}

TEST(ThrowDeathTest, DetailsComeBeforeTheText) {
  EXPECT_DEATH(
      {
        PrintErr("runtime: have %d threads\n", 7);
        Throw("newosproc");
      },
      "runtime: have 7 threads\nfatal error: newosproc\n");
}

TEST(ThrowDeathTest, CutsATextThatIsTooLong) {
  EXPECT_DEATH(Throw("%s", std::string(2 * kMaxMessage, 'x')),
               "fatal error: x{1023}\n");
}

TEST(ThrowDeathTest, DcheckNamesTheInvariant) {
#ifdef NDEBUG
  HEDDLE_DCHECK(1 + 1 == 3);
#else
  EXPECT_DEATH(HEDDLE_DCHECK(1 + 1 == 3),
               "broken invariant: 1 \\+ 1 == 3 \\(.*throw_test.cc:");
#endif
}

}  // namespace
}  // namespace heddle::base
