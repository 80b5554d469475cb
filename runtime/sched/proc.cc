#include "heddle/runtime/sched/proc.h"

#include <dlfcn.h>

#include <cstdlib>
#include <utility>

#include "absl/base/attributes.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/fork.h"
#include "heddle/runtime/os/quiet_threads.h"
#include "heddle/runtime/sched/all_scheds.h"
#include "heddle/runtime/sched/check_dead.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/hooks.h"
#include "heddle/runtime/sched/leak_roots.h"
#include "heddle/runtime/sched/locked_m.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/newproc.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/poll.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/schedule.h"
#include "heddle/runtime/sched/sysmon.h"
#include "heddle/runtime/sched/template_thread.h"
#include "heddle/runtime/sched/timers.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::sched {
namespace {

// The calling thread becomes m0 for a scope; what it was before comes back
// after: it may be a goroutine of another runtime.
class M0Scope {
 public:
  explicit M0Scope(M* m0) : m0_(m0), outer_g_(Getg()), outer_m_(Getm()) {
    Setm(m0);
    Setg(&m0->g0);
    MInit(m0);
    eh_ = std::exchange(*m0->eh, EhGlobals());
  }
  ~M0Scope() {
    *m0_->eh = eh_;
    Unminit(m0_);
    Setg(outer_g_);
    Setm(outer_m_);
  }
  M0Scope(const M0Scope&) = delete;
  M0Scope& operator=(const M0Scope&) = delete;

 private:
  M* const m0_;
  G* const outer_g_;
  M* const outer_m_;
  EhGlobals eh_;
};

}  // namespace

void CheckNotInherited(const Sched* sched, const char* what) {
  if (ABSL_PREDICT_TRUE(!IsInherited(sched))) return;
  base::PrintErr(
      "runtime: %s, in a child of fork(2), of a runtime that has run before: "
      "its threads are the parent's. Make a new one, or call execve or _exit\n",
      what);
  base::FatalText("a runtime was used after fork");
}

namespace {

// False if there is no P for m0: after kAbandon, others may have all of them.
bool BeginRun(Sched* sched) {
  os::LockGuard guard(sched->lock);
  if (sched->run_under_way) {
    base::Throw("heddle::Runtime::Run called while it runs");
  }
  sched->run_under_way = true;
  sched->forks.store(os::Forks(), std::memory_order_relaxed);
  sched->run_done.store(false, std::memory_order_relaxed);
  sched->main_done = false;
  sched->m0->leave = false;
  sched->nm++;
  P* pp = PidleGet(sched);
  if (pp != nullptr) AcquireP(pp);
  return pp != nullptr;
}

void StartMain(Sched* sched, G* queued) {
  os::LockGuard guard(sched->lock);
  if (queued != nullptr) GlobRunqPut(sched, queued);
  sched->ClearHalted(Sched::kNoRun);
}

void EndRun(Sched* sched) {
  os::LockGuard guard(sched->lock);
  sched->nm--;
  sched->run_under_way = false;
}

// The one thing of the runtimes' that is the process's: those that ended while
// goroutines of theirs still ran.
struct Orphans {
  os::Lock lock{os::LockRank::kLeaf};
  Sched* list ABSL_GUARDED_BY(lock) = nullptr;
};
ABSL_CONST_INIT Orphans orphans;

[[gnu::constructor]] void ForgetAtFork() {
  os::AtFork([] { new (&orphans) Orphans; });
}

Sched* TakeOrphans() {
  os::LockGuard guard(orphans.lock);
  return std::exchange(orphans.list, nullptr);
}

// The process exits, and what is left of `sched` with it. A thread of its may
// end before that, and would be a leak to TSan, had nobody detached it.
void LeaveBehind(Sched* sched) {
  // FreeMs, begun before the runtime's end, may be joining one.
  os::LockGuard no_join(sched->steal_lock);
  os::LockGuard guard(sched->lock);
  sched->left_behind = true;
  for (M* list : {sched->allm, sched->freem}) {
    for (M* mp = list; mp != nullptr; mp = mp->alllink) {
      if (mp->thread.handle != 0) os::OsThreadDetach(&mp->thread);
    }
  }
}

void EndOrphans() {
  ReapOrphans();
  for (Sched* sched = TakeOrphans(); sched != nullptr;) {
    Sched* next = sched->next_orphan;
    LeaveBehind(sched);
    sched = next;
  }
}

void AddOrphan(Sched* sched) {
  // Those whose threads have ended are not left to the end of the process.
  [[maybe_unused]] static const int at_exit = std::atexit(EndOrphans);
  os::LockGuard guard(orphans.lock);
  sched->next_orphan = orphans.list;
  orphans.list = sched;
}

// An M whose thread is still to be joined, the template thread last; null when
// there is none.
M* NextToJoin(Sched* sched) {
  os::LockGuard guard(sched->lock);
  M* last = nullptr;
  for (M* mp = sched->allm; mp != nullptr; mp = mp->alllink) {
    if (mp->joined) continue;
    if (!IsTemplateThread(mp)) return mp;
    last = mp;
  }
  return last;
}

// Whether a system goroutine runs, or blocks its thread. No Run is under way.
bool SystemGsRun(Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock) {
  for (const M* mp = sched->allm; mp != nullptr; mp = mp->alllink) {
    if (mp->curg != nullptr) return true;
  }
  return false;
}

// Whether no thread of sched's runs any more, but the template thread: others
// may have needed it to the last.
bool Quiet(Sched* sched) {
  os::LockGuard guard(sched->lock);
  for (const M* mp = sched->allm; mp != nullptr; mp = mp->alllink) {
    if (!ThreadHasEnded(mp) && !IsTemplateThread(mp)) return false;
  }
  return true;
}

// No thread of sched's runs any more. Lets nobody from outside in, and takes
// what others may still touch away from them: first what they look at, under
// its locks, and then what that was for.
void Close(Sched* sched) {
  UnlinkWaiters(sched);
  Door::Close(sched->ref);
  for (int32_t i = 0; i < kMaxProcs; i++) {
    P* pp = sched->allp[i].load(std::memory_order_relaxed);
    if (pp == nullptr) break;
    DropTimers(&pp->timers());
  }
}

// Waits for the end of all threads of sched's, and deletes it.
void JoinAndDelete(Sched* sched) {
  while (M* mp = NextToJoin(sched)) {
    if (IsTemplateThread(mp)) StopTemplateThread(sched);
    JoinM(mp);
  }
  // An M that was joined above may have been on its way there.
  FreeMs(sched, /*wait=*/true);
  Close(sched);
  AllSchedsRemove(sched);
  delete sched;
}

std::atomic<bool> process_exits{false};

// Run, with the calling thread as m0.
void RunM0(Sched* sched, const FuncVal& main, uintptr_t callerpc) {
  [[maybe_unused]] static const int at_exit =
      std::atexit([] { process_exits.store(true, std::memory_order_relaxed); });
  CheckNotInherited(sched, "heddle::Runtime::Run");
  M* m0 = sched->m0;
  M0Scope scope(m0);
  const bool have_p = BeginRun(sched);
  G* newg = NewProc1(sched, main, GoOptions(), nullptr, callerpc, Role::kMain);
  if (have_p) m0->resume = newg;
  StartMain(sched, have_p ? nullptr : newg);
  StartSysmon(sched);
  // Goroutines may have been started before Run.
  if (sched->runqsize.load(std::memory_order_relaxed) != 0) WakeP(sched);
  if (have_p) {
    ScheduleLoop();
  } else if (sched->options.on_main_return == OnMainReturn::kAbandon) {
    WaitForMain(sched);
  } else if (StopM()) {
    ScheduleLoop();
  }
  EndRun(sched);
}

}  // namespace

Sched::Sched(const Options& options_in)
    : options(options_in),
      deterministic(options_in.randomize && options_in.procs == 1),
      preempt(options_in.preempt && !deterministic),
      plain_go(!options_in.randomize &&
               options_in.debug.traceback_ancestors == 0),
      allp(new std::atomic<P*>[kMaxProcs]()),
      stackpool(std::make_unique<stack::StackPool>()),
      starting_stack_size(options_in.stack_size) {
  // These may throw; what comes after them does not.
  SparePs spare(this, options.procs);
  ref = Door::OpenFor(this);
  m0 = AllocM(this, nullptr, 0);
  os::LockGuard guard(lock);
  mnext = 1;
  ProcResize(this, options.procs, &spare);
}

Sched::~Sched() {
  allgs.ForEachUsed([this](G* gp) {
    if (gp->fn != nullptr && !gp->started) {
      RaceAcquire(sanitizer::RaceBirth(&gp->fiber));
      gp->fn->destroy(gp->fn_arg);
    }
    // It is parked for good: its end.
    if (gp->started && gp->fn != nullptr) RaceReleaseG(gp, &system_ends);
    sanitizer::FiberDestroy(&gp->fiber);
  });
  RaceAcquire(&ends);
  RaceAcquire(&system_ends);
  for (int32_t i = 0; i < kMaxProcs; i++) {
    P* pp = allp[i].load(std::memory_order_relaxed);
    if (pp == nullptr) break;
    pp->stackcache.Flush(stackpool.get());
    DeleteP(pp);
  }
  for (M* mp = allm; mp != nullptr;) {
    M* next = mp->alllink;
    delete mp;
    mp = next;
  }
}

Sched* CreateSched(const Options& options) {
  InstallLeakRoots();
  ReapOrphans();
  auto* sched = new Sched(options);
  AllSchedsAdd(sched);
  return sched;
}

void RunMain(Sched* sched, const FuncVal& main, uintptr_t callerpc) {
  RunM0(sched, main, callerpc);
  // Main's frames, and what is said of the others if Run waited for them.
  RaceAcquire(&sched->main_ends);
  if (sched->options.on_main_return == OnMainReturn::kWait) {
    RaceAcquire(&sched->ends);
  }
}

void WaitForMain(Sched* sched) {
  bool sleep = false;
  bool watch = false;
  {
    os::LockGuard guard(sched->lock);
    sched->nmsys++;
    sleep = !sched->run_done.load(std::memory_order_relaxed);
    sched->m0_waits = sleep;
    if (sleep) {
      os::EnterQuiet();
      watch = CheckDead(sched);
    }
  }
  if (sleep) {
    SleepAndWatch(sched, &sched->main_note, watch);
    sched->main_note.Clear();
  }
  os::LockGuard guard(sched->lock);
  sched->nmsys--;
}

void MainDone(Sched* sched, bool by_goexit) {
  os::LockGuard guard(sched->lock);
  sched->main_done = true;
  if (sched->options.on_main_return == OnMainReturn::kAbandon && !by_goexit) {
    FinishRun(sched);
  }
}

bool M0Leaves(M* m0) {
  Sched* sched = m0->sched;
  if (sched->options.on_main_return != OnMainReturn::kAbandon ||
      m0->resume != nullptr || m0->lockedg != nullptr || m0->p == nullptr) {
    return false;
  }
  // Acquire: pairs with the release in FinishRun.
  if (sched->run_done.load(std::memory_order_acquire)) return false;
  HandoffP(sched, ReleaseP());
  WaitForMain(sched);
  return true;
}

bool LeftAtExit(Sched* sched, const void* owner) {
  if (IsInherited(sched)) return true;
  {
    os::LockGuard guard(sched->lock);
    if (!sched->run_under_way) return false;
  }
  // What is static is destroyed when the process exits, and before the handler
  // that says so if it was made after the first Run.
  Dl_info info;
  if (!process_exits.load(std::memory_order_relaxed) &&
      dladdr(owner, &info) == 0) {
    return false;
  }
  LeaveBehind(sched);
  return true;
}

void DestroySched(Sched* sched) {
  // They have queued their goroutine: at most they start a thread yet.
  Door::AwaitNobody(sched->ref);
  M* sysmon;
  bool wait = true;
  {
    os::LockGuard guard(sched->lock);
    if (sched->run_under_way) {
      base::Throw("heddle::Runtime destroyed while it runs");
    }
    sched->exiting.store(true, std::memory_order_relaxed);
    WakeSysmon(sched, /*any_sleep=*/true);
    sysmon = sched->sysmon;
    int32_t running = sched->nm - sched->nmsys;
    while (M* mp = MGet(sched)) {
      running--;
      mp->leave = true;
      mp->park.Wakeup();
    }
    for (M* mp = sched->allm; mp != nullptr; mp = mp->alllink) {
      if (!mp->stopped_locked) continue;
      mp->stopped_locked = false;
      running--;
      mp->leave = true;
      RiseFromIdle(mp);
      mp->park.Wakeup();
    }
    if (M* mp = sched->poll.m; mp != nullptr) {
      running--;
      mp->leave = true;
      BreakPoll(sched, kAtOnce);
    }
    // What runs now comes to an end by itself, but for goroutines.
    wait =
        running == 0 || (sched->options.on_main_return == OnMainReturn::kWait &&
                         !SystemGsRun(sched));
  }
  // It leaves at once, whatever others do.
  if (sysmon != nullptr) JoinM(sysmon);
  if (wait) {
    JoinAndDelete(sched);
  } else {
    AddOrphan(sched);
  }
  ReapOrphans();
}

int ReapOrphans() {
  Sched* list = TakeOrphans();
  int left = 0;
  while (list != nullptr) {
    Sched* sched = list;
    list = sched->next_orphan;
    if (Quiet(sched)) {
      JoinAndDelete(sched);
    } else {
      AddOrphan(sched);
      left++;
    }
  }
  return left;
}

}  // namespace heddle::sched
