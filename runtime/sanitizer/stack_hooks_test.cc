#include "runtime/sanitizer/stack_hooks.h"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>

#include "gtest/gtest.h"
#include "runtime/sanitizer/sanitizer.h"

namespace heddle::sanitizer {
namespace {

alignas(4096) char memory[4096];
const auto lo = reinterpret_cast<uintptr_t>(memory);

TEST(StackHooks, UnpoisonedMemoryIsUsable) {
  AsanPoison(lo, sizeof memory);
  AsanUnpoison(lo, sizeof memory);
  MsanMalloc(lo, sizeof memory);
  std::memset(memory, 1, sizeof memory);
  MsanUnpoison(lo, sizeof memory);
  EXPECT_EQ(memory[4095], 1);
}

using StackHooksDeathTest = testing::Test;

TEST(StackHooksDeathTest, PoisonedMemoryIsNot) {
  if (!kAsan) GTEST_SKIP() << "for AddressSanitizer";
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  AsanPoison(lo, sizeof memory);
  EXPECT_DEATH(*static_cast<volatile char*>(memory) = 1, "use-after-poison");
  AsanUnpoison(lo, sizeof memory);
}

// Two threads use the memory one after the other; only RaceFree and RaceMalloc,
// if called, order them.
void PassOn(bool with_hooks) {
  std::atomic<bool> freed{false};
  std::thread first([&] {
    if (with_hooks) RaceMalloc(lo, sizeof memory);
    std::memset(memory, 1, sizeof memory);
    if (with_hooks) RaceFree(lo, sizeof memory);
    // relaxed, so that it orders nothing.
    freed.store(true, std::memory_order_relaxed);
  });
  while (!freed.load(std::memory_order_relaxed)) std::this_thread::yield();
  if (with_hooks) RaceMalloc(lo, sizeof memory);
  memory[0] = 2;
  if (with_hooks) RaceFree(lo, sizeof memory);
  first.join();
}

TEST(StackHooks, RaceFreeAndRaceMallocOrderTheOwners) { PassOn(true); }

TEST(StackHooksDeathTest, WithoutThemItIsARace) {
  if (!kTsan) GTEST_SKIP() << "for ThreadSanitizer";
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(PassOn(false), "data race");
}

}  // namespace
}  // namespace heddle::sanitizer
