// What a goroutine finds on a stack that another one has had: under
// MemorySanitizer and Valgrind, nothing that it could use. (msanmalloc)

#include <cstdint>
#include <cstring>

#include "gtest/gtest.h"
#include "heddle.h"
#include "runtime/sanitizer/sanitizer.h"
#include "runtime/sanitizer/valgrind.h"
#if HEDDLE_MSAN
#include <sanitizer/msan_interface.h>
#endif

namespace heddle {
namespace {

constexpr size_t kDeep = 8192;

// Whether what is read at `at` is, to who watches, what somebody has written.
bool IsInitialised(uintptr_t at) {
#if HEDDLE_MSAN
  return __msan_test_shadow(reinterpret_cast<void*>(at), 1) == -1;
#elif HEDDLE_VALGRIND
  unsigned char bits = 0xff;
  VALGRIND_GET_VBITS(at, &bits, 1);
  return bits == 0;
#else
  return at != 0;
#endif
}

// Writes deep down its stack, and tells where.
[[gnu::noinline]] uintptr_t WriteDeep() {
  char frame[kDeep];
  std::memset(frame, 1, sizeof frame);
  asm volatile("" : : "r"(frame) : "memory");
  return reinterpret_cast<uintptr_t>(frame);
}

TEST(ReusedStackTest, IsUninitialised) {
  bool watched = sanitizer::kMsan;
#if HEDDLE_VALGRIND
  watched = RUNNING_ON_VALGRIND != 0;
#endif
  if (!watched) GTEST_SKIP() << "for MemorySanitizer and Valgrind";
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    uintptr_t at = 0;
    bool was = false;
    bool same = false;
    bool is = true;
    WaitGroup wg;
    wg.Go([&] {
      at = WriteDeep();
      was = sanitizer::kMsan && IsInitialised(at);
    });
    wg.Wait();
    wg.Go([&] {
      const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
      same = at < here && here - at < 2 * kDeep;
      is = IsInitialised(at);
    });
    wg.Wait();
    ASSERT_TRUE(same) << "the test expects the stack used last to come next";
    // To Valgrind what is below the stack pointer is gone at once.
    EXPECT_EQ(was, sanitizer::kMsan);
    EXPECT_FALSE(is);
  });
}

}  // namespace
}  // namespace heddle
