// A runtime's life: its start, each Run with the calling thread as m0, its end.
//
//            Run                     main and all others done
//   (idle) ───────▶ main_started ──────────────────────────▶ (idle) ─▶ ~Sched
//
// Under OnMainReturn::kWait, m0 is an M like any other until CheckDead finds
// that all Ms sleep and no goroutine is left. Under kAbandon, Run must return
// as soon as main does, whatever m0 may be running then: so m0 runs main until
// it first gives the thread back, and from then on only waits.
//
// System goroutines do not keep a Run waiting: with only these left it ends,
// too, while some may still run or block their threads (check_dead.h). They
// never run on m0, so that it can leave.
//
// Between Runs nothing else runs: Ms that have no more to do sleep, and an M
// that comes to the scheduler puts what is left on the global queue, for the
// next Run. ~Sched ends and joins all sleeping Ms and destroys callables that
// never ran. After kAbandon, and of system goroutines, some may still run, or
// be in a blocking call: nothing can stop them from outside. Their threads end
// when they next come to the scheduler; until then the runtime is an orphan,
// which is deleted when a later one begins or ends and finds it quiet.
//
// Source: Go 1.21's schedinit, main, mstart, mexit.

#ifndef RUNTIME_SCHED_PROC_H_
#define RUNTIME_SCHED_PROC_H_

#include <cstdint>

#include "heddle/runtime/os/fork.h"
#include "heddle/runtime/sched/func_val.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// Runs `main` as goroutine kMainGoid with the calling thread as m0 until the
// run is over (see above). Building the callable must not throw. Ends the
// process if the runtime is already in a Run.
void RunMain(Sched* sched, const FuncVal& main, uintptr_t callerpc);

// Main has ended, on g0; by Goexit or by return.
void MainDone(Sched* sched, bool by_goexit);

// m0 has got its thread back from a goroutine. Under kAbandon it now gives its
// P away and waits until the run is over: then true, and m0 is to leave.
bool M0Leaves(M* m0);

// m0, without a P, sleeps until the run is over.
void WaitForMain(Sched* sched);

// A runtime; `options` is what ResolveOptions returned. Starts no thread.
Sched* CreateSched(const Options& options);

// Whether this process is a child of fork(2), and sched's threads are not in
// it.
inline bool IsInherited(const Sched* sched) {
  const uint32_t forks = sched->forks.load(std::memory_order_relaxed);
  return forks != Sched::kNoThreads && forks != os::Forks();
}
// Ends the process if so: `what` was asked of it.
void CheckNotInherited(const Sched* sched, const char* what);

// Whether `sched` is a parent's, or the process exits while `sched` is in a
// Run, because a goroutine of somebody's has called exit(3): then nothing is to
// be done with it, as its threads go on until the process has ended. `owner` is
// the object that is being destroyed.
bool LeftAtExit(Sched* sched, const void* owner);

// Ends it as above. It is gone for the caller.
void DestroySched(Sched* sched);

// Deletes the orphans whose threads have all ended; returns how many are left.
int ReapOrphans();

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_PROC_H_
