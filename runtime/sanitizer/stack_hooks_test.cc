#include "heddle/runtime/sanitizer/stack_hooks.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>

#include "gtest/gtest.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::sanitizer {
namespace {

constexpr size_t kSize = 4096;

// A function of its own, and a pointer of unknown origin: compilers leave
// accesses to a global that cannot be out of bounds uninstrumented.
[[gnu::noinline]] void Touch(char* p) { (*p)++; }

class Block {
 public:
  Block() { std::memset(memory_.get(), 0, kSize); }
  char* get() const { return memory_.get(); }
  uintptr_t lo() const { return reinterpret_cast<uintptr_t>(get()); }

 private:
  const std::unique_ptr<char[]> memory_{new char[kSize]};
};

TEST(StackHooks, UnpoisonedMemoryIsUsable) {
  const Block block;
  AsanPoison(block.lo(), kSize);
  AsanUnpoison(block.lo(), kSize);
  MsanMalloc(block.lo(), kSize);
  MsanUnpoison(block.lo(), kSize);
  Touch(block.get());
  EXPECT_EQ(*block.get(), 1);
}

using StackHooksDeathTest = testing::Test;

TEST(StackHooksDeathTest, PoisonedMemoryIsNot) {
  if (!kAsan) GTEST_SKIP() << "for AddressSanitizer";
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const Block block;
  AsanPoison(block.lo(), kSize);
  EXPECT_DEATH(Touch(block.get() + kSize / 2), "use-after-poison");
  AsanUnpoison(block.lo(), kSize);
}

// Two threads use the memory one after the other; only RaceFree and RaceMalloc,
// if called, order them.
void PassOn(bool with_hooks) {
  const Block block;
  std::atomic<bool> freed{false};
  std::thread first([&] {
    if (with_hooks) RaceMalloc(block.lo(), kSize);
    Touch(block.get());
    if (with_hooks) RaceFree(block.lo(), kSize);
    // relaxed, so that it orders nothing.
    freed.store(true, std::memory_order_relaxed);
  });
  while (!freed.load(std::memory_order_relaxed)) std::this_thread::yield();
  if (with_hooks) RaceMalloc(block.lo(), kSize);
  Touch(block.get());
  if (with_hooks) RaceFree(block.lo(), kSize);
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
