#include "heddle/runtime/sched/switch.h"

#include <cinttypes>
#include <cstdio>

#include "absl/base/optimization.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sanitizer/fiber.h"
#include "heddle/runtime/sanitizer/race.h"
#include "heddle/runtime/sched/goexit.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/stack/canary.h"

namespace heddle::sched {
namespace {

// G0Functions travel through the switch as what it carries.
using Carried = void (*)(void*);

// The functions that switch, and nothing else: see fiber.h.
HEDDLE_NO_SANITIZE_THREAD Carried Gogo(G* g0, G* gp) {
  switch_internal::StartSwitch(g0, gp, /*from_dies=*/false);
  const arch::McallRequest request = arch::Gogo(&g0->sched, &gp->sched);
  sanitizer::FinishSwitch(&g0->fiber);
  return request.fn;
}

HEDDLE_NO_SANITIZE_THREAD void SwitchToG0(G* gp, G* g0, Carried fn) {
  // Looked at again, while it does nothing: it comes back outside the runtime.
  sanitizer::RacePause(&gp->fiber);
  switch_internal::StartSwitch(gp, g0, /*from_dies=*/false);
  arch::Mcall(&gp->sched, &g0->sched, fn, gp);
  sanitizer::FinishSwitch(&gp->fiber);
  sanitizer::RaceContinue(&gp->fiber);
}

HEDDLE_NO_SANITIZE_THREAD void SwitchToG0Dying(G* gp, G* g0, Carried fn) {
  sanitizer::RacePause(&gp->fiber);
  switch_internal::StartSwitch(gp, g0, /*from_dies=*/true);
  arch::Mcall(&gp->sched, &g0->sched, fn, gp);
}

HEDDLE_NO_SANITIZE_THREAD void Entry(void* arg) {
  sanitizer::Fiber* const fiber = &static_cast<G*>(arg)->fiber;
  sanitizer::FinishSwitch(fiber);
  // It begins inside the runtime, as whoever was switched to.
  sanitizer::RaceEnter(fiber);
  switch_internal::FinishLeft();
  // From here on nothing of the P's is touched.
  Releasem(Getm());
  sanitizer::RaceAcquire(fiber, sanitizer::RaceBirth(fiber));
  GoroutineMain(static_cast<G*>(arg));
}

// A call on g0's stack from gp's.
struct G0Call {
  void (*call)(void*);
  void* arg;
  G* gp;
  G* g0;
};

HEDDLE_NO_SANITIZE_THREAD void OnG0(void* arg) {
  auto* c = static_cast<G0Call*>(arg);
  sanitizer::FinishSwitch(&c->g0->fiber);
  c->call(c->arg);
  switch_internal::StartSwitch(c->g0, c->gp, /*from_dies=*/false);
}

HEDDLE_NO_SANITIZE_THREAD void SystemStackCall(G0Call* c) {
  switch_internal::StartSwitch(c->gp, c->g0, /*from_dies=*/false);
  arch::Systemstack(c->g0->sched.sp, OnG0, c);
  sanitizer::FinishSwitch(&c->gp->fiber);
}

// On g0: there is no room for a report on gp's stack.
[[noreturn, gnu::noinline]] void CanaryDied(const G* gp) {
  SystemStack([gp] {
    base::PrintErr(
        "runtime: goroutine %" PRIu64
        " has run over the end of its stack [%#" PRIxPTR ", %#" PRIxPTR
        ") of %zu bytes, which has no guard page, and over what lies below. "
        "Give it more: GoOptions::stack_size\n",
        gp->goid, gp->stack.lo, gp->stack.hi, gp->stack.size());
    base::Throw("stack overflow");
  });
  __builtin_unreachable();
}

// gp is about to leave its thread.
inline void CheckCanary(const G* gp) {
  if (ABSL_PREDICT_FALSE(gp->marks.canary()) &&
      !stack::CanaryLives(gp->stack)) {
    CanaryDied(gp);
  }
}

// Goes to g0. errno's address comes from the M: a compiler may keep
// __errno_location()'s over a switch.
inline void LeaveForG0(G* gp, M* mp, G0Function fn) {
  CheckCanary(gp);
  gp->saved_errno = *mp->errno_address;
  Setg(&mp->g0);
  SwitchToG0(gp, &mp->g0, reinterpret_cast<Carried>(fn));
  switch_internal::FinishLeft();
}

// Mcall inside a catch block, or while an exception is in flight: that is a
// thread's in C++ and a goroutine's here, and stays on the goroutine's stack.
// In a function of its own: the usual Mcall leaves no frame behind.
[[gnu::noinline]] void McallWithExceptions(G* gp, M* mp, G0Function fn) {
  const EhGlobals mine = *mp->eh;
  *mp->eh = EhGlobals();
  LeaveForG0(gp, mp, fn);
  const RaceScope not_looked_at;
  *Getm()->eh = mine;
}

}  // namespace

void Mcall(G0Function fn) {
  G* gp = Getg();
  M* mp = Getm();
  if (ABSL_PREDICT_FALSE(MustMcall(mp))) {
    McallWithExceptions(gp, mp, fn);
  } else {
    LeaveForG0(gp, mp, fn);
  }
}

void McallDying(G0Function fn) {
  G* gp = Getg();
  M* mp = Getm();
  CheckCanary(gp);
  // Goexit through a handler that rethrows leaves one in flight.
  *mp->eh = EhGlobals();
  Setg(&mp->g0);
  SwitchToG0Dying(gp, &mp->g0, reinterpret_cast<Carried>(fn));
  __builtin_unreachable();
}

// What ThreadSanitizer is told of a goroutine that is about to run.
void Announce([[maybe_unused]] G* gp) {
#if HEDDLE_TSAN
  if (gp->fiber.tsan == nullptr) {
    char name[64];
    std::snprintf(name, sizeof name,
                  gp->name().empty() ? "goroutine %llu" : "goroutine %llu %.*s",
                  static_cast<unsigned long long>(gp->goid),
                  static_cast<int>(gp->name().size()), gp->name().data());
    sanitizer::FiberBegin(&gp->fiber, name, gp->gopc);
  }
  if (sanitizer::RaceExact()) sanitizer::tsan::ForgetThreadLocals();
#endif
}

G0Function SwitchToG(M* mp, G* gp) {
  Announce(gp);
  *mp->errno_address = gp->saved_errno;
  Setg(gp);
  return reinterpret_cast<G0Function>(Gogo(&mp->g0, gp));
}

void GoStartCallFn(G* gp, uintptr_t sp, arch::FpModes modes) {
  sanitizer::FiberCreate(&gp->fiber, gp->stack.lo, gp->stack.size());
  arch::GostartCall(&gp->sched, sp, Entry, gp, modes);
}

namespace switch_internal {

void CallOnG0(void (*call)(void*), void* arg) {
  G* gp = Curg();
  if (gp == nullptr) {
    call(arg);
    return;
  }
  G0Call c = {call, arg, gp, &Getm()->g0};
  Setg(c.g0);
  SystemStackCall(&c);
  Setg(gp);
}

}  // namespace switch_internal

}  // namespace heddle::sched
