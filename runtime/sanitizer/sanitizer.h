// Which sanitizer this file is compiled for, and how to keep it out of a
// function. All sanitizer code of the runtime stands in this package; elsewhere
// the calls are inline functions that are empty when the sanitizer is off.
//
// Macros, for the preprocessor: HEDDLE_ASAN, HEDDLE_TSAN, HEDDLE_MSAN,
// HEDDLE_VALGRIND, 0 or 1. Constants, for code: kAsan, kTsan, kMsan, kValgrind.
//
// Valgrind needs no build of its own, but to be told of stacks: for that,
// HEDDLE_VALGRIND is defined as 1 by the build (--config=valgrind), and
// Valgrind's headers are there.

#ifndef RUNTIME_SANITIZER_SANITIZER_H_
#define RUNTIME_SANITIZER_SANITIZER_H_

#if defined(__has_feature)  // clang
#if __has_feature(address_sanitizer)
#define HEDDLE_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define HEDDLE_TSAN 1
#endif
#if __has_feature(memory_sanitizer)
#define HEDDLE_MSAN 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)  // gcc
#define HEDDLE_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define HEDDLE_TSAN 1
#endif

#ifndef HEDDLE_ASAN
#define HEDDLE_ASAN 0
#endif
#ifndef HEDDLE_TSAN
#define HEDDLE_TSAN 0
#endif
#ifndef HEDDLE_MSAN
#define HEDDLE_MSAN 0
#endif
#ifndef HEDDLE_VALGRIND
#define HEDDLE_VALGRIND 0
#endif

// For a function that switches fibers, that reads memory poisoned on purpose,
// or that runs where the sanitizer's idea of the current fiber is not yet true.
// The code of always_inline functions follows the function it ends up in.
#define HEDDLE_NO_SANITIZE_ADDRESS __attribute__((no_sanitize("address")))
#if HEDDLE_TSAN && defined(__clang__)
// clang's no_sanitize("thread") still counts entries and exits, which is just
// what a function that is entered on one fiber and left on another must not.
#define HEDDLE_NO_SANITIZE_THREAD \
  __attribute__((disable_sanitizer_instrumentation))
#else
#define HEDDLE_NO_SANITIZE_THREAD __attribute__((no_sanitize("thread")))
#endif
// gcc has no MemorySanitizer, and a warning for what it does not know.
#if HEDDLE_MSAN
#define HEDDLE_NO_SANITIZE_MEMORY __attribute__((no_sanitize("memory")))
#else
#define HEDDLE_NO_SANITIZE_MEMORY
#endif

namespace heddle::sanitizer {

inline constexpr bool kAsan = HEDDLE_ASAN;
inline constexpr bool kTsan = HEDDLE_TSAN;
inline constexpr bool kMsan = HEDDLE_MSAN;
inline constexpr bool kValgrind = HEDDLE_VALGRIND;

// Threads that the sanitizer itself has in the process: ThreadSanitizer's one,
// which gcc's starts with the first thread that the program makes.
inline constexpr int kBackgroundThreads = HEDDLE_TSAN;

}  // namespace heddle::sanitizer

#endif  // RUNTIME_SANITIZER_SANITIZER_H_
