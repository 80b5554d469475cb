// Fiber: what the sanitizers know about one stack, a G's or a g0's, and the
// announcement of each switch between two of them.
//
//   HEDDLE_NO_SANITIZE_THREAD void SwitchToG() {
//     StartSwitch(&g0->fiber, &g->fiber, /*from_dies=*/false);
//     request = arch::Gogo(&g0->buf, &g->buf);
//     FinishSwitch(&g0->fiber);
//   }
//
// StartSwitch is the last thing done on the stack that is left, FinishSwitch
// the first on the stack that is entered: after the switch function returns, or
// at the head of the entry function of a new context. Between the two, ASan's
// bounds of the current stack and TSan's current fiber are not those of the
// running code. So
//   - the functions here are always_inline: in a frame of their own, TSan would
//     push it on one fiber's shadow stack and pop it from another's;
//   - the function that calls them is HEDDLE_NO_SANITIZE_THREAD, and holds
//     nothing but the three lines above. So is the entry function of a context,
//     and the function that arch::Systemstack calls to finish one switch and
//     start the other: instrumented, it would be entered on the one fiber and
//     left on the other. It must be a named function: gcc drops the attribute
//     from a lambda.
//
// TSan's fibers are made, or taken from those of dead contexts, by the first
// switch to them: a G that never runs costs nothing. How many there can be, and
// what a switch orders: see tsan_fiber.h.
//
// A Fiber is used by one thread at a time, as the context it belongs to; the
// caller orders its moves between threads. Without a sanitizer it is an empty
// struct and everything here is nothing.

#ifndef RUNTIME_SANITIZER_FIBER_H_
#define RUNTIME_SANITIZER_FIBER_H_

#include <cstddef>
#include <cstdint>

#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sanitizer/valgrind.h"

// MemorySanitizer's runtime has the same interface, but not in clang 14 yet.
#define HEDDLE_FIBER_BOUNDS HEDDLE_ASAN

#if HEDDLE_FIBER_BOUNDS
#include <sanitizer/common_interface_defs.h>
#endif
#if HEDDLE_TSAN
#include <sanitizer/tsan_interface.h>

#include "heddle/runtime/sanitizer/tsan_fiber.h"
#endif

namespace heddle::sanitizer {

struct Fiber {
#if HEDDLE_TSAN
  void* tsan = nullptr;    // null: not made, or not looked up, yet
  bool owns_tsan = false;  // made here; false for a thread's own
  // How many levels in the runtime it is, which is not looked at. (race.h)
  int32_t ignoring = 0;
  // Addresses to synchronise on: from the go statement to the beginning, and
  // from who ends a wait to who waited.
  char born = 0;
  char woken = 0;
#endif
#if HEDDLE_FIBER_BOUNDS
  void* fake_stack = nullptr;  // ASan's, while the context does not run
  const void* lo = nullptr;    // null: a thread's own stack, not known yet
  size_t size = 0;
  Fiber* resumer = nullptr;  // who switched here last; valid in FinishSwitch
#endif
#if HEDDLE_VALGRIND
  ValgrindStack valgrind;
#endif
};

// Prepares *f for a new context on the stack [lo, lo + size). For a thread's
// own stack say 0 and 0: its bounds are learnt when it is left first.
[[gnu::always_inline]] inline void FiberCreate([[maybe_unused]] Fiber* f,
                                               [[maybe_unused]] uintptr_t lo,
                                               [[maybe_unused]] size_t size) {
#if HEDDLE_TSAN
  f->tsan = nullptr;
  f->owns_tsan = false;
  f->ignoring = 0;
#endif
#if HEDDLE_FIBER_BOUNDS
  f->fake_stack = nullptr;
  f->lo = reinterpret_cast<const void*>(lo);
  f->size = size;
  f->resumer = nullptr;
#endif
#if HEDDLE_VALGRIND
  if (size != 0) ValgrindRegister(&f->valgrind, lo, size);
#endif
}

// Forgets the context of *f, which must not be the current one of any thread;
// if it is to end, the last StartSwitch away from it said from_dies. *f can
// then be used with FiberCreate again.
[[gnu::always_inline]] inline void FiberDestroy([[maybe_unused]] Fiber* f) {
#if HEDDLE_TSAN
  if (f->owns_tsan) tsan::RetireFiber(f->tsan);
  f->tsan = nullptr;
  f->owns_tsan = false;
#endif
#if HEDDLE_VALGRIND
  ValgrindDeregister(&f->valgrind);
#endif
}

// Prepares the first switch to *f, of a goroutine whose go statement ended at
// `gopc`. `name` is what reports call it.
[[gnu::always_inline]] inline void FiberBegin([[maybe_unused]] Fiber* f,
                                              [[maybe_unused]] const char* name,
                                              [[maybe_unused]] uintptr_t gopc) {
#if HEDDLE_TSAN
  f->tsan = tsan::NewFiber(name, gopc);
  f->owns_tsan = true;
#endif
}

// Announces that this thread leaves `from`, its current context, and goes on
// with `to`. `from_dies`: `from` will never be resumed, so ASan can free the
// frames that it keeps for it; its Fiber may be destroyed by whoever runs next.
// `orders`: what was done before the switch happens before what is done after.
[[gnu::always_inline]] inline void StartSwitch([[maybe_unused]] Fiber* from,
                                               [[maybe_unused]] Fiber* to,
                                               [[maybe_unused]] bool from_dies,
                                               [[maybe_unused]] bool orders) {
#if HEDDLE_FIBER_BOUNDS
  to->resumer = from_dies ? nullptr : from;
  __sanitizer_start_switch_fiber(from_dies ? nullptr : &from->fake_stack,
                                 to->lo, to->size);
#endif
#if HEDDLE_TSAN
  if (from->tsan == nullptr) from->tsan = __tsan_get_current_fiber();
  void* fiber = to->tsan;
  if (fiber == nullptr) {
    fiber = tsan::NewFiber("heddle", /*gopc=*/0);
    to->tsan = fiber;
    to->owns_tsan = true;
  }
  __tsan_switch_to_fiber(fiber, orders ? 0 : tsan::kNoSync);
#endif
}

// Announces that this thread runs `self` now.
[[gnu::always_inline]] inline void FinishSwitch([[maybe_unused]] Fiber* self) {
#if HEDDLE_FIBER_BOUNDS
  const void* lo = nullptr;
  size_t size = 0;
  __sanitizer_finish_switch_fiber(self->fake_stack, &lo, &size);
  self->fake_stack = nullptr;
  if (Fiber* resumer = self->resumer;
      resumer != nullptr && resumer->lo == nullptr) {
    resumer->lo = lo;
    resumer->size = size;
  }
#endif
}

}  // namespace heddle::sanitizer

#endif  // RUNTIME_SANITIZER_FIBER_H_
