// Switches between a goroutine and its M's g0, with all that C++ and the
// sanitizers want to follow: errno, the exception state, fake stacks, fibers.
//
//        g0                          goroutine
//   Execute(gp) ── SwitchToG ───▶ runs …
//   returns {fn}  ◀── Mcall(fn) ── is left inside Mcall
//   runs fn(gp)
//
// INV-SW1  Getg() names the stack that runs, but inside the two switches.
// INV-SW2  g0 always comes back on its own thread; a goroutine may not.
//
// Source: Go 1.21's execute, gogo, mcall, systemstack, goexit.

#ifndef RUNTIME_SCHED_SWITCH_H_
#define RUNTIME_SCHED_SWITCH_H_

#include <type_traits>

#include "absl/base/optimization.h"
#include "heddle/runtime/arch/gobuf.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/sanitizer/fiber.h"
#include "heddle/runtime/sanitizer/race.h"
#include "heddle/runtime/sched/m.h"

namespace heddle::sched {

// A function that a goroutine had called on g0: it owns gp then.
using G0Function = void (*)(G* gp);

// Leaves the calling goroutine's context in it and has fn(gp) run on g0.
// Returns when the goroutine is executed again, perhaps on another thread. The
// caller is inside the runtime (gate.h), once, as g0 is, and still is when it
// comes back. (mcall)
void Mcall(G0Function fn);

// The same for a goroutine that will never be executed again.
[[noreturn]] void McallDying(G0Function fn);

// Whether the calling goroutine can leave its thread by Mcall only: it is in a
// catch block, or an exception is in flight.
inline bool MustMcall(const M* mp) { return mp->eh->any(); }

// On g0: runs gp, which is in the running state and mp's curg, until mp's curg,
// gp or who came after it, calls Mcall; returns what that wants called. (gogo)
G0Function SwitchToG(M* mp, G* gp);

// Gives gp, which has a stack and a callable, the context from which its
// first execution starts, with `modes`. `sp` is the lowest address in use.
// (gostartcallfn)
void GoStartCallFn(G* gp, uintptr_t sp, arch::FpModes modes);

namespace switch_internal {

void CallOnG0(void (*call)(void*), void* arg);

[[gnu::always_inline]] inline void StartSwitch(G* from, G* to, bool from_dies) {
  sanitizer::StartSwitch(&from->fiber, &to->fiber, from_dies,
                         /*orders=*/!sanitizer::RaceExact());
}

// Never under TSan: see M::switches_directly. `first`: `next` has not run yet.
[[gnu::always_inline]] inline void SwitchFibers(G* gp, G* next, bool first) {
  StartSwitch(gp, next, /*from_dies=*/false);
  if (first) {
    arch::Start(&gp->sched, &next->sched);
  } else {
    arch::Switch(&gp->sched, &next->sched);
  }
  sanitizer::FinishSwitch(&gp->fiber);
}

// Makes `next` the one that runs instead of gp, but for the switch. True if it
// is to run for the first time.
HEDDLE_INLINE bool LeaveForNext(M* mp, G* gp, G* next, G0Function fn) {
  mp->left = gp;
  mp->left_fn = fn;
  *mp->errno_address = next->saved_errno;
  Setg(next);
  if (ABSL_PREDICT_TRUE(next->started)) return false;
  next->started = true;
  return true;
}

// Whom a goroutine has left to mp, if anybody, to have something done with it.
HEDDLE_INLINE G* TakeLeft(M* mp) {
  G* left = mp->left;
  if (left != nullptr) mp->left = nullptr;
  return left;
}

// Who calls has been switched to: does that. In the second form what is done is
// mostly `usual`, as the caller wanted it done with itself, and then in its
// code.
HEDDLE_INLINE void FinishLeft() {
  M* mp = Getm();
  if (G* left = TakeLeft(mp); left != nullptr) mp->left_fn(left);
}
template <typename Usual>
HEDDLE_INLINE void FinishLeft(Usual usual) {
  M* mp = Getm();
  G* left = TakeLeft(mp);
  if (left == nullptr) return;
  if (ABSL_PREDICT_TRUE(mp->left_fn == Usual::Fn)) {
    usual(mp, left);
  } else {
    mp->left_fn(left);
  }
}

}  // namespace switch_internal

// Leaves the context of gp, the calling goroutine, in it and goes on with
// `next`, which is in the running state and mp's curg, without a stop on g0;
// `next` then calls Then::Fn(gp), which is `then(M*, gp)` on the M that calls
// it. The caller is as Mcall's, and not MustMcall. In its code: each frame that
// a switch leaves behind is a line of memory.
template <typename Then>
HEDDLE_INLINE void SwitchToNext(M* mp, G* gp, G* next, Then then) {
  gp->saved_errno = *mp->errno_address;
  const bool first = switch_internal::LeaveForNext(mp, gp, next, Then::Fn);
  switch_internal::SwitchFibers(gp, next, first);
  switch_internal::FinishLeft(then);
}

// The same for a goroutine that will never be executed again.
[[noreturn]] inline void SwitchToNextDying(M* mp, G* gp, G* next,
                                           G0Function fn) {
  const bool first = switch_internal::LeaveForNext(mp, gp, next, fn);
  switch_internal::StartSwitch(gp, next, /*from_dies=*/true);
  if (!first) arch::Leave(&next->sched);
  arch::Start(&gp->sched, &next->sched);
  __builtin_unreachable();
}

// Runs fn() on g0's stack and returns: for slow paths that want more stack than
// a goroutine may have left. On g0, or on a thread that runs no goroutine, that
// is a plain call. fn must not park nor throw. (systemstack)
template <typename Fn>
void SystemStack(Fn&& fn) {
  switch_internal::CallOnG0(
      [](void* arg) { (*static_cast<std::remove_reference_t<Fn>*>(arg))(); },
      &fn);
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SWITCH_H_
