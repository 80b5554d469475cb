// What AddressSanitizer tells of an error that it has found: that there is one,
// and where. For a report of our own after its (runtime/debug/asan_report.h).

#ifndef RUNTIME_SANITIZER_ASAN_ERROR_H_
#define RUNTIME_SANITIZER_ASAN_ERROR_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "heddle/runtime/sanitizer/fiber.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

#if HEDDLE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace heddle::sanitizer {

#if HEDDLE_ASAN

// Has `hook` called after each report, with its text, on the thread that made
// the error, before the process ends. In the place of any hook before it.
inline void SetAsanErrorHook(void (*hook)(const char* report)) {
  __asan_set_error_report_callback(hook);
}

// In such a hook: the address that should not have been used; 0 if the error is
// not one of a use.
inline uintptr_t AsanErrorAddress() {
  return reinterpret_cast<uintptr_t>(__asan_get_report_address());
}

// The locals of a goroutine are not on its stack, but beside it, if
// detect_stack_use_after_return is on: on ASan's fake stack, which f has while
// its context does not run. 0 if it has none; else where it begins. It is one
// mapping: a page, flags, and 11 times the stack's size of frames.
inline uintptr_t FakeStackLo(const Fiber& f) {
  return reinterpret_cast<uintptr_t>(f.fake_stack);
}
inline size_t FakeStackMaxSize(const Fiber& f) {
  constexpr size_t kLeast = size_t{64} << 10;
  const size_t stack = std::max(kLeast, std::bit_ceil(f.size));
  return (size_t{4} << 10) + stack / 32 + 11 * stack;
}

#else

inline void SetAsanErrorHook(void (* /*hook*/)(const char* report)) {}
inline uintptr_t AsanErrorAddress() { return 0; }
inline uintptr_t FakeStackLo(const Fiber& /*f*/) { return 0; }
inline size_t FakeStackMaxSize(const Fiber& /*f*/) { return 0; }

#endif

}  // namespace heddle::sanitizer

#endif  // RUNTIME_SANITIZER_ASAN_ERROR_H_
