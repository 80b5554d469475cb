// What ThreadSanitizer calls fibers: where they come from, how many there can
// be, and what it is told of the memory that comes with them. TSan builds only.
//
// What a goroutine does is a fiber's, so that two goroutines are to TSan what
// two threads are, wherever and in whatever order they run. A switch between
// them orders nothing by itself (kNoSync).
//
// The TSan of gcc 12 and of clang 13 pays 370 us and 830 KB for a fiber, and
// has room for 8,128 at a time; later ones pay 5 us and 5 KB, and have room for
// as many as there is memory for. With the former a dead goroutine's fiber is
// kept for another one, but not before kQuarantine others have ended as well:
// TSan takes the two for one thread, and would miss their races.

#ifndef RUNTIME_SANITIZER_TSAN_FIBER_H_
#define RUNTIME_SANITIZER_TSAN_FIBER_H_

#include <cstddef>
#include <cstdint>

// Of TSan's run time and in none of its headers. They are meant for a managed
// language's heap: memory that gets a new owner, all at once, and forgets the
// accesses and the locks of its former one; and a release that replaces what
// was released there before, where __tsan_release adds to it.
extern "C" {
void __tsan_java_alloc(uintptr_t address, uintptr_t size);
void __tsan_java_free(uintptr_t address, uintptr_t size);
void __tsan_java_release_store(uintptr_t address);
}

namespace heddle::sanitizer::tsan {

// __tsan_switch_to_fiber's flag.
inline constexpr unsigned kNoSync = 1;

#if defined(__clang__)
inline constexpr bool kFibersAreDear = __clang_major__ < 14;
#else
inline constexpr bool kFibersAreDear = __GNUC__ < 13;
#endif
// Of 8,128: some are for the program's threads and TSan's own.
inline constexpr size_t kMaxFibers = kFibersAreDear ? 8'000 : SIZE_MAX;
inline constexpr size_t kQuarantine = kFibersAreDear ? 128 : 0;

// A fiber for a new goroutine, or other context, called `name` in reports (63
// bytes of it). `gopc`, if not 0, is where the stacks that they show begin. A
// fatal error if there is no room for one more.
void* NewFiber(const char* name, uintptr_t gopc);

// Takes back a fiber whose context has ended, or is never to go on.
void RetireFiber(void* fiber);

// How many NewFiber may have out at a time, for tests of that.
void SetMaxFibersForTest(size_t max);

// The calling thread goes on with another goroutine: what its thread_locals,
// errno among them, were used for until now is nobody else's business, and
// ordered before what comes, as it is one thread after all.
void ForgetThreadLocals();

}  // namespace heddle::sanitizer::tsan

#endif  // RUNTIME_SANITIZER_TSAN_FIBER_H_
