#include "runtime/sched/goexit.h"

#include <unwind.h>

#include <memory>

#include "runtime/base/throw.h"
#include "runtime/sched/direct.h"
#include "runtime/sched/first_run.h"
#include "runtime/sched/invariants.h"
#include "runtime/sched/leave_hook.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/race.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/switch.h"

namespace heddle::sched {
namespace {

// "HEDDGOEX": no other language's exception.
constexpr _Unwind_Exception_Class kGoexitClass = 0x48454444474f4558;

// Ends gp, which has stopped. (goexit0, gdestroy)
void Goexit0(G* gp) {
  M* mp = Getg()->m;
  Sched* sched = mp->sched;
  P* pp = mp->p;
  CasGStatus(gp, GStatus::kRunning, GStatus::kDead);
  if (mp->curg == gp) mp->curg = nullptr;  // not after a direct switch
  gp->m = nullptr;
  const bool locked = gp->locked;
  if (locked) gp->SetLockedM(nullptr);
  if (gp->fn_arg == gp->callable) NoteCallableFree(gp);
  gp->fn = nullptr;
  gp->fn_arg = nullptr;
  gp->waitreason.store(WaitReason::kZero, std::memory_order_relaxed);
  if (!gp->labels.empty()) gp->labels = Labels();
  sanitizer::FiberDestroy(&gp->fiber);
  const bool is_main = gp->goid == kMainGoid;
  bool by_goexit = false;
  if (gp->extra != nullptr) {
    by_goexit = gp->extra->goexit != nullptr;
    gp->extra->goexit = nullptr;
    gp->extra->ancestors = nullptr;
  }
  pp->begun--;
  if (!gp->is_system) {
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
  if (locked) {
    mp->lockedg = nullptr;
    mp->lockedext = 0;
    mp->dies = true;
  }
  if (is_main) MainDone(sched, by_goexit);
}

// All that gp did happened before the Run that waits for it returns; what a
// system goroutine did, before the end of the runtime.
void ReleaseEnd(G* gp) {
  if (gp->is_system) return RaceReleaseMerge(&gp->home->system_ends);
  if (gp->goid == kMainGoid) RaceReleaseMerge(&gp->home->main_ends);
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

// Whether Goexit0 does no more for gp than fits onto another goroutine's stack,
// as small as that may be.
bool LeavesLittleToDo(const Sched* sched, const P* pp, const G* gp) {
  return gp->goid != kMainGoid && !gp->is_system && gp->extra == nullptr &&
         gp->labels.empty() && GfPutIsLocal(pp->gfree, gp, StartingSize(sched));
}

// Whether gp, of which that is true, can leave its stack to one that has none.
bool CanLeaveStack(const Sched* sched, const P* pp, const G* gp) {
  return kLeavesStacks && gp->stack.size() == StartingSize(sched) &&
         pp->gfree.of[kGFreeNoStack].HasRoom();
}

// gp, which has ended, goes on as `next`, which is bare and has no stack.
void GoOnAs(M* mp, G* gp, G* next) {
  LeaveStack(gp, next);
  next->started = true;
  *mp->errno_address = next->saved_errno;
  Setg(next);
  Goexit0(gp);
  Releasem(mp);
}

}  // namespace

void GoroutineMain(G* gp) {
  for (;;) {
    if (gp->fn_arg == gp->callable) {
      gp->fn->run_moved(gp->fn_arg);
    } else {
      gp->fn->run(gp->fn_arg);
    }
    ReleaseEnd(gp);
    M* mp = Acquirem();
    CallLeaveHook(gp, Leaving::kEnds);
    CheckLeaves();
    if (!LeavesLittleToDo(mp->sched, mp->p, gp)) break;
    G* next = GoOnFromEnd(mp, gp, CanLeaveStack(mp->sched, mp->p, gp));
    if (next == nullptr) break;
    if (!next->bare) SwitchToNextDying(mp, gp, next, Goexit0);
    GoOnAs(mp, gp, next);
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
