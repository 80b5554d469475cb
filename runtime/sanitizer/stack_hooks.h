// What the sanitizers are told when memory that the runtime manages itself,
// above all a stack, is given out and taken back: Go's racemalloc, msanmalloc,
// asanunpoison and so on, called where gfget, gfput and stackalloc call them.
//
// All are empty when their sanitizer is off, callable from any thread, and
// never lock anything of the runtime's.

#ifndef RUNTIME_SANITIZER_STACK_HOOKS_H_
#define RUNTIME_SANITIZER_STACK_HOOKS_H_

#include <cstddef>
#include <cstdint>

#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sanitizer/valgrind.h"

#if HEDDLE_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#endif
#if HEDDLE_TSAN
#include "heddle/runtime/sanitizer/tsan_fiber.h"
#endif
#if HEDDLE_MSAN
#include <sanitizer/msan_interface.h>
#endif

namespace heddle::sanitizer {

// The memory [lo, lo + size) gets a new owner: what its former ones did to it
// is forgotten. That orders nothing else: the new owner may race with them, if
// not here. Reports call it a heap block. (racemalloc)
[[gnu::always_inline]] inline void RaceMalloc([[maybe_unused]] uintptr_t lo,
                                              [[maybe_unused]] size_t size) {
#if HEDDLE_TSAN
  __tsan_java_alloc(lo, size);
#endif
}

// The owner of [lo, lo + size) is done with it, and with the locks in it. To be
// called before the next RaceMalloc of the same. (racefree)
[[gnu::always_inline]] inline void RaceFree([[maybe_unused]] uintptr_t lo,
                                            [[maybe_unused]] size_t size) {
#if HEDDLE_TSAN
  __tsan_java_free(lo, size);
#endif
}

// [lo, lo + size) is fresh: its contents count as uninitialised, to Valgrind as
// well. (msanmalloc)
[[gnu::always_inline]] inline void MsanMalloc([[maybe_unused]] uintptr_t lo,
                                              [[maybe_unused]] size_t size) {
#if HEDDLE_MSAN
  // As malloc's: nothing with poison_in_malloc=0, which who links a C++ library
  // that is not instrumented has to say, since its frames are on these stacks.
  __msan_allocated_memory(reinterpret_cast<void*>(lo), size);
#endif
  ValgrindMalloc(lo, size);
}

// [lo, lo + size) was written by code that MemorySanitizer does not see, such
// as assembly: its contents count as initialised.
[[gnu::always_inline]] inline void MsanUnpoison([[maybe_unused]] uintptr_t lo,
                                                [[maybe_unused]] size_t size) {
#if HEDDLE_MSAN
  __msan_unpoison(reinterpret_cast<void*>(lo), size);
#endif
}

// [lo, lo + size) may be used. Also wipes the redzones that frames which were
// left for ever (Goexit, a finished goroutine) left behind. (asanunpoison)
[[gnu::always_inline]] inline void AsanUnpoison([[maybe_unused]] uintptr_t lo,
                                                [[maybe_unused]] size_t size) {
#if HEDDLE_ASAN
  __asan_unpoison_memory_region(reinterpret_cast<void*>(lo), size);
#endif
}

// Touching [lo, lo + size) is an error until AsanUnpoison. (asanpoison)
[[gnu::always_inline]] inline void AsanPoison([[maybe_unused]] uintptr_t lo,
                                              [[maybe_unused]] size_t size) {
#if HEDDLE_ASAN
  __asan_poison_memory_region(reinterpret_cast<void*>(lo), size);
#endif
}

// [lo, lo + size), which is not malloc's, may hold the only pointers to heap
// blocks: LeakSanitizer looks there, until NoLeakRoots of the same two.
[[gnu::always_inline]] inline void LeakRoots([[maybe_unused]] uintptr_t lo,
                                             [[maybe_unused]] size_t size) {
#if HEDDLE_ASAN
  __lsan_register_root_region(reinterpret_cast<void*>(lo), size);
#endif
}

[[gnu::always_inline]] inline void NoLeakRoots([[maybe_unused]] uintptr_t lo,
                                               [[maybe_unused]] size_t size) {
#if HEDDLE_ASAN
  __lsan_unregister_root_region(reinterpret_cast<void*>(lo), size);
#endif
}

// [lo, lo + size) is given out: to its owner it is fresh, whoever had it
// before.
[[gnu::always_inline]] inline void NoteReuse(uintptr_t lo, size_t size) {
  RaceMalloc(lo, size);
  MsanMalloc(lo, size);
  AsanUnpoison(lo, size);
}

// [lo, lo + size) is taken back: to touch it is an error until NoteReuse.
[[gnu::always_inline]] inline void NoteFree(uintptr_t lo, size_t size) {
  RaceFree(lo, size);
  AsanPoison(lo, size);
}

}  // namespace heddle::sanitizer

#endif  // RUNTIME_SANITIZER_STACK_HOOKS_H_
