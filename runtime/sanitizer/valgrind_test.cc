// Under Valgrind (--config=valgrind) switches between stacks leave what lies
// between them alone, and without the hook they would not.

#include "heddle/runtime/sanitizer/valgrind.h"

#include <memory>
#include <type_traits>

#include "gtest/gtest.h"
#include "heddle/runtime/arch/context_for_test.h"
#include "heddle/runtime/sanitizer/fiber.h"

namespace heddle::sanitizer {
namespace {

#if HEDDLE_VALGRIND

using arch::Context;

class ValgrindTest : public testing::Test {
 protected:
  void SetUp() override {
    if (RUNNING_ON_VALGRIND == 0) GTEST_SKIP() << "for Valgrind";
  }

  char* stack(int i) { return arena_.get() + i * Context::kStackSize; }

  // Whether what is on stack 1 is still there, to Valgrind, after a context on
  // stack 0 has gone on to one on stack 2 and come back.
  bool Survives(bool hooks) {
    char* const between = stack(1);
    *between = 1;
    bool survives = false;
    Context high([](Context& c) { c.Suspend(); }, stack(2));
    Context low(
        [&](Context&) {
          high.Resume();
          unsigned char bits = 0;
          constexpr int kAddressable = 1;
          survives = VALGRIND_GET_VBITS(between, &bits, 1) == kAddressable &&
                     bits == 0;
        },
        stack(0));
    if (!hooks) {
      FiberDestroy(high.fiber());
      FiberDestroy(low.fiber());
    }
    low.Resume();
    // For what comes next.
    VALGRIND_MAKE_MEM_UNDEFINED(arena_.get(), 3 * Context::kStackSize);
    return survives;
  }

 private:
  // Less in all than what Valgrind takes for another stack by itself, 2 MB.
  const std::unique_ptr<char[]> arena_{new char[3 * Context::kStackSize]};
};

TEST_F(ValgrindTest, SwitchesLeaveOtherStacksAlone) {
  EXPECT_TRUE(Survives(/*hooks=*/true));
}

TEST_F(ValgrindTest, WithoutTheHookTheyDoNot) {
  // It has much to say: the frames that are switched back to are lost, too.
  VALGRIND_DISABLE_ERROR_REPORTING;
  const bool survives = Survives(/*hooks=*/false);
  VALGRIND_ENABLE_ERROR_REPORTING;
  EXPECT_FALSE(survives);
}

TEST_F(ValgrindTest, AReusedStackIsUninitialised) {
  char* const at = stack(0);
  *at = 1;
  ValgrindMalloc(reinterpret_cast<uintptr_t>(at), 1);
  unsigned char bits = 0;
  ASSERT_EQ(VALGRIND_GET_VBITS(at, &bits, 1), 1);
  EXPECT_EQ(bits, 0xff);
}

#else

TEST(ValgrindTest, IsForAnotherBuild) {
  // Empty, so that a Fiber is.
  EXPECT_TRUE(std::is_empty_v<ValgrindStack>);
}

#endif

}  // namespace
}  // namespace heddle::sanitizer
