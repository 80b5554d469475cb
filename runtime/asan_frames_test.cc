// Under AddressSanitizer: what frames that were left other than by returning
// have marked on a goroutine's stack, and their copies on its fake stack, is
// not there for those that come after them.

#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "absl/functional/function_ref.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/process_for_test.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#if HEDDLE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace heddle {
namespace {

constexpr Options kOneP{.procs = 1, .preempt = false};

class AsanFramesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!sanitizer::kAsan) GTEST_SKIP() << "for AddressSanitizer";
  }
};

// Goes down some frames that have redzones, and calls f there.
[[gnu::noinline]] void Deep(int frames, absl::FunctionRef<void()> f) {
  char local[200];
  std::memset(local, frames, sizeof local);
  asm volatile("" : : "r"(local) : "memory");
  if (frames == 0) {
    f();
  } else {
    Deep(frames - 1, f);
  }
  asm volatile("" : : "r"(local) : "memory");
}

// The same with the redzones on the stack itself, also when locals go to the
// fake stack: alloca's are always here.
[[gnu::noinline]] void DeepOnStack(int frames, absl::FunctionRef<void()> f) {
  auto* local = static_cast<char*>(__builtin_alloca(200));
  std::memset(local, frames, 200);
  asm volatile("" : : "r"(local) : "memory");
  if (frames == 0) {
    f();
  } else {
    DeepOnStack(frames - 1, f);
  }
  asm volatile("" : : "r"(local) : "memory");
}

// Whether a byte of the 8 KiB below the caller's frame is marked.
[[gnu::noinline]] bool PoisonedBelow() {
#if HEDDLE_ASAN
  constexpr size_t kBelow = 8192;
  constexpr size_t kOwnFrame = 512;
  auto* const here = static_cast<char*>(__builtin_frame_address(0));
  return __asan_region_is_poisoned(here - kBelow, kBelow - kOwnFrame) !=
         nullptr;
#else
  return false;
#endif
}

TEST_F(AsanFramesTest, FramesMarkTheStack) {
  heddle::Run(kOneP, [] {
    bool deep = false;
    [[maybe_unused]] const auto* const top =
        static_cast<char*>(__builtin_frame_address(0));
    DeepOnStack(20, [&] {
#if HEDDLE_ASAN
      auto* const here = static_cast<char*>(__builtin_frame_address(0));
      deep = __asan_region_is_poisoned(here, static_cast<size_t>(top - here)) !=
             nullptr;
#endif
    });
    EXPECT_TRUE(deep) << "the tests below could not fail";
    EXPECT_FALSE(PoisonedBelow());
  });
}

TEST_F(AsanFramesTest, AnExceptionLeavesNone) {
  heddle::Run(kOneP, [] {
    for (int i = 0; i < 10; i++) {
      EXPECT_THROW(DeepOnStack(20, [] { throw std::runtime_error("deep"); }),
                   std::runtime_error);
      EXPECT_FALSE(PoisonedBelow());
      EXPECT_THROW(Deep(20, [] { throw std::runtime_error("deep"); }),
                   std::runtime_error);
      EXPECT_FALSE(PoisonedBelow());
    }
  });
}

TEST_F(AsanFramesTest, GoexitLeavesNone) {
  heddle::Run(kOneP, [] {
    uintptr_t first = 0;
    uintptr_t second = 0;
    bool poisoned = true;
    WaitGroup wg;
    wg.Go([&] {
      first = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
      DeepOnStack(20, [] { Deep(20, [] { Goexit(); }); });
    });
    wg.Wait();
    wg.Go([&] {
      second = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
      poisoned = PoisonedBelow();
    });
    wg.Wait();
    ASSERT_LT(first - second + 4096, 8192) << "not the same stack";
    EXPECT_FALSE(poisoned);
  });
}

// A fake stack is some 700 KB of addresses.
TEST_F(AsanFramesTest, FakeStacksGoWithTheirGoroutines) {
  heddle::Run(kOneP, [] {
    const auto run = [](int goroutines) {
      for (int i = 0; i < goroutines; i++) {
        WaitGroup wg;
        wg.Go([i] {
          Deep(5, [] {});
          if (i % 2 == 0) Goexit();
        });
        wg.Wait();
      }
    };
    run(10);
    const int64_t before = os::VirtualBytes();
    run(2000);
    EXPECT_LT(os::VirtualBytes() - before, int64_t{100} << 20);
  });
}

}  // namespace
}  // namespace heddle
