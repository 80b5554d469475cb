#include "heddle/runtime/sched/goexit.h"

#include <unwind.h>

#include <memory>

#include "absl/base/optimization.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sched/direct.h"
#include "heddle/runtime/sched/first_run.h"
#include "heddle/runtime/sched/invariants.h"
#include "heddle/runtime/sched/leave_hook.h"
#include "heddle/runtime/sched/proc.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/switch.h"

namespace heddle::sched {
namespace {

// "HEDDGOEX": no other language's exception.
constexpr _Unwind_Exception_Class kGoexitClass = 0x48454444474f4558;

// gp, which has stopped, is nobody's any more. (gdestroy)
HEDDLE_INLINE void BecomeDead(G* gp) {
  CasGStatus(gp, GStatus::kRunning, GStatus::kDead);
  gp->m = nullptr;
  if (gp->fn_arg == gp->callable) NoteCallableFree(gp);
  gp->fn = nullptr;
  gp->fn_arg = nullptr;
  gp->waitreason.store(WaitReason::kZero, std::memory_order_relaxed);
}

// Ends gp, which has stopped. (goexit0)
void Goexit0(G* gp) {
  M* mp = Getm();
  Sched* sched = mp->sched;
  P* pp = mp->p;
  BecomeDead(gp);
  if (mp->curg == gp) mp->curg = nullptr;  // not after a direct switch
  const bool locked = gp->marks.locked();
  if (locked) UnlockFromM(mp, gp);
  if (!gp->labels.empty()) gp->labels = Labels();
  sanitizer::FiberDestroy(&gp->fiber);
  const bool is_main = gp->marks.main();
  gp->marks.Set(Marks::kMain, false);
  bool by_goexit = false;
  if (gp->extra != nullptr) {
    by_goexit = gp->extra->goexit != nullptr;
    gp->extra->goexit = nullptr;
    gp->extra->ancestors = nullptr;
  }
  pp->begun--;
  if (!gp->marks.system()) {
    AddOwned(&pp->ngexited, 1);
  } else {
    sched->nsystem.fetch_sub(1, std::memory_order_relaxed);
  }
  const size_t starting = StartingSize(sched);
  if (GfPutIsLocal(pp->gfree, gp, starting)) {
    GfPutLocal(&pp->gfree, gp);
  } else {
    GfPut(FreeEnv(sched, pp), gp, starting);
  }
  // Its thread is as the goroutine has left it: lockedext stays, so that no new
  // one is made from it. (NewM)
  if (locked) mp->dies = true;
  if (is_main) MainDone(sched, by_goexit);
}

// The same for one that is plain, and whose stack, if it has one, goes to the
// P's own list.
HEDDLE_INLINE void Goexit0Plain(P* pp, G* gp) {
  BecomeDead(gp);
  AddOwned(&pp->ngexited, 1);
  GfPutLocal(&pp->gfree, gp);
}

// After a switch.
void Goexit0Plain(G* gp) {
  P* pp = Getm()->p;
  sanitizer::FiberDestroy(&gp->fiber);
  pp->begun--;
  Goexit0Plain(pp, gp);
}

// All that gp did happened before the Run that waits for it returns; what a
// system goroutine did, before the end of the runtime.
void ReleaseEnd(G* gp) {
  if (gp->marks.system()) return RaceReleaseMerge(&gp->home->system_ends);
  if (gp->marks.main()) RaceReleaseMerge(&gp->home->main_ends);
  RaceReleaseMerge(&gp->home->ends);
}

_Unwind_Reason_Code StopAtEnd(int /*version*/, _Unwind_Action actions,
                              _Unwind_Exception_Class /*exception_class*/,
                              _Unwind_Exception* /*exception*/,
                              _Unwind_Context* /*context*/, void* /*arg*/) {
  if ((actions & _UA_END_OF_STACK) != 0) {
    ReleaseEnd(Getg());
    Acquirem();
    CallLeaveHook(Getg(), Leaving::kEnds);
    McallDying(Goexit0);
  }
  return _URC_NO_REASON;
}

void Swallowed(_Unwind_Reason_Code /*reason*/,
               _Unwind_Exception* /*exception*/) {
  base::Throw(
      "a catch (...) block ended heddle::Goexit; it must rethrow what it "
      "catches");
}

// Whether there is nothing about gp, which ends, but itself and its stack.
HEDDLE_INLINE bool IsPlain(const G* gp) {
  return !gp->marks.Any(Marks::kLocked | Marks::kSystem | Marks::kMain) &&
         gp->extra == nullptr && gp->labels.empty();
}

// Whether gp, which is plain, can leave its stack to the next one, and can keep
// it.
HEDDLE_INLINE bool CanLeaveStack(const Sched* sched, const P* pp, const G* gp) {
  const size_t size = gp->stack.size();
  return kLeavesStacks && !gp->marks.canary() && size == StartingSize(sched) &&
         size <= kKeptOfFree && size != stack::kMinStack &&
         pp->gfree.of[kGFreeStarting].HasRoom() &&
         pp->gfree.of[kGFreeNoStack].HasRoom();
}

// GoOn for gp, which is plain, if Goexit0 then does no more for it than fits
// onto the next one's stack, as small as that may be.
[[gnu::noinline]] G* GoOnKeepingStack(M* mp, G* gp) {
  if (!GfPutIsLocal(mp->p->gfree, gp, StartingSize(mp->sched))) return nullptr;
  return GoOn(mp, gp);
}

// gp, which has ended, and can leave its stack, goes on as `next`, which is
// bare. What is left of Goexit0 then.
HEDDLE_INLINE void GoOnAs(M* mp, G* gp, G* next) {
  LeaveStack(gp, next);
  next->started = true;
  *mp->errno_address = next->saved_errno;
  Setg(next);
  Goexit0Plain(mp->p, gp);
}

}  // namespace

// Hot: what does not return is not, by itself.
[[gnu::hot]] void GoroutineMain(G* gp) {
  for (;;) {
    if (gp->fn_arg == gp->callable) {
      gp->fn->run_moved(gp->fn_arg);
    } else {
      gp->fn->run(gp->fn_arg);
    }
    ReleaseEnd(gp);
    M* mp = AcquiremOf(gp);
    CallLeaveHook(gp, Leaving::kEnds);
    CheckLeaves();
    if (!IsPlain(gp)) break;
    G* next = ABSL_PREDICT_TRUE(CanLeaveStack(mp->sched, mp->p, gp))
                  ? GoOn</*kLeavesStack=*/true>(mp, gp)
                  : GoOnKeepingStack(mp, gp);
    if (next == nullptr) break;
    if (!next->marks.bare()) SwitchToNextDying(mp, gp, next, Goexit0Plain);
    GoOnAs(mp, gp, next);
    Releasem(mp);
    gp = next;
  }
  McallDying(Goexit0);
}

void Goexit() {
  G* gp = Curg();
  if (gp == nullptr) {
    base::Throw("heddle::Goexit called outside a goroutine");
  }
  _Unwind_Exception* exception;
  {
    const RaceScope not_looked_at;
    Extra(gp)->goexit = std::make_unique<_Unwind_Exception>();
    exception = gp->extra->goexit.get();
    exception->exception_class = kGoexitClass;
    exception->exception_cleanup = Swallowed;
  }
  _Unwind_ForcedUnwind(exception, StopAtEnd, nullptr);
  base::Throw("heddle::Goexit: this stack cannot be unwound");
}

}  // namespace heddle::sched
