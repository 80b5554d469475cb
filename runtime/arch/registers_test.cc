#include <cstdint>

#include "gtest/gtest.h"
#include "heddle/runtime/arch/context_for_test.h"
#include "heddle/runtime/arch/registers_for_test.h"

namespace heddle::arch {
namespace {

TEST(Registers, TheProbeSeesADifference) {
#if defined(__x86_64__)
  // rbx and r15: the first and the last.
  EXPECT_EQ(HeddleTestRegisters(
                [](void*) {
                  // Not told to the compiler, which would save them.
                  asm volatile("incq %rbx\n\tincq %r15");
                },
                nullptr, 1000),
            0x21);
#endif
  EXPECT_EQ(HeddleTestRegisters([](void*) {}, nullptr, 1000), 0);
}

TEST(Registers, CalleeSavedOnesSurviveASwitchOnBothSides) {
  constexpr int kTimes = 100;
  int inside = 0;
  Context context([&](Context& c) {
    for (uint64_t i = 0; i < kTimes; i++) {
      inside |= HeddleTestRegisters(
          [](void* arg) { static_cast<Context*>(arg)->Suspend(); }, &c,
          0x1111'0000'0000'0000 + i * 1000);
    }
  });
  while (!context.done()) {
    EXPECT_EQ(HeddleTestRegisters(
                  [](void* arg) { static_cast<Context*>(arg)->Resume(); },
                  &context, 0x2222'0000'0000'0000),
              0);
  }
  EXPECT_EQ(inside, 0);
}

TEST(Registers, CalleeSavedOnesSurviveSystemstack) {
  EXPECT_EQ(HeddleTestRegisters(
                [](void*) {
                  const auto here =
                      reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
                  Systemstack(
                      here - 4096, [](void*) {}, nullptr);
                },
                nullptr, 7),
            0);
}

}  // namespace
}  // namespace heddle::arch
