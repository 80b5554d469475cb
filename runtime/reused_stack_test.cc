// What a goroutine finds on a stack that another one has had: under
// MemorySanitizer and Valgrind, nothing that it could use. (msanmalloc)

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sanitizer/valgrind.h"
#if HEDDLE_MSAN
#include <sanitizer/msan_interface.h>
#endif

namespace heddle {
namespace {

constexpr size_t kDeep = 8192;

// Whether __msan_allocated_memory does what it says.
bool hook_works = false;

// Whether somebody looks at memory.
bool Watched() {
#if HEDDLE_VALGRIND
  return RUNNING_ON_VALGRIND != 0;
#else
  return sanitizer::kMsan;
#endif
}

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
  uintptr_t at;  // which the compiler would rather not let out
  asm volatile("" : "=r"(at) : "0"(frame) : "memory");
  return at;
}

// Whether a goroutine finds what the one before it has left on their stack.
bool FindsWhatWasThere() {
  bool found = false;
  heddle::Run(Options{.procs = 1, .preempt = false}, [&found] {
    uintptr_t at = 0;
    bool same = false;
    WaitGroup wg;
    wg.Go([&at] { at = WriteDeep(); });
    wg.Wait();
    wg.Go([&] {
      const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
      same = at < here && here - at < 2 * kDeep;
      found = IsInitialised(at);
    });
    wg.Wait();
    EXPECT_TRUE(same) << "the stack used last was to come next";
  });
  return found;
}

TEST(ReusedStackTest, IsUninitialised) {
  if (!Watched()) GTEST_SKIP() << "for MemorySanitizer and Valgrind";
  hook_works = true;
  EXPECT_FALSE(FindsWhatWasThere());
  hook_works = false;
}

TEST(ReusedStackTest, WithoutTheHookItIsNot) {
  if (!sanitizer::kMsan) GTEST_SKIP() << "for MemorySanitizer";
  EXPECT_TRUE(FindsWhatWasThere());
}

}  // namespace
}  // namespace heddle

#if HEDDLE_MSAN
// In the place of MSan's own, which does nothing here: see .bazelrc.
extern "C" void __wrap___msan_allocated_memory(const volatile void* at,
                                               size_t size) {
  if (heddle::hook_works) __msan_poison(at, size);
}
#endif
