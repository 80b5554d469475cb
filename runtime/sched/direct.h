// Direct switches: a goroutine that parks, yields or ends goes on with the next
// one of its P's queue itself, on the way to which g0 would only have looked at
// what is known to be as usual.
//
//   gp: Gopark ─▶ GoOn ── next, in the state running ─▶ SwitchToNext
//                  └───── null: Mcall, as ever            │
//   next:                                  ParkM(gp) ◀────┘ and goes on
//
// It saves a stop on g0 and, which is more, lets the processor predict the way
// back to the user's code: see arch::Switch. All that FindRunnable,
// ScheduleLoop and Execute look at before a goroutine of the P's own queue runs
// is looked at here, or the answer is null. What is done with who was left is
// done on the stack of who goes on, which may be small: see LeavesLittleToDo in
// goexit.cc.
//
// INV-DS1  Who was left (M::left) is committed by who goes on before anything
//          else: its lock is held meanwhile, and only then may it be readied.
// INV-DS2  What is taken off the queue runs next on this M: by the switch, or,
//          if there is a reason against that, through M::found.
//
// Not with ThreadSanitizer, whose fibers cost a multiple of what is saved.

#ifndef RUNTIME_SCHED_DIRECT_H_
#define RUNTIME_SCHED_DIRECT_H_

#include <cstdint>

#include "runtime/sched/m.h"
#include "runtime/sched/options.h"

namespace heddle::sched {

// Whether M number `id` of such a runtime may switch directly at all.
bool SwitchesDirectly(const Options& options, int64_t id);

// What mp, on which gp runs and is about to park or to yield, goes on with
// directly: it is in the running state and mp's curg then. Null: gp is to call
// Mcall.
G* GoOn(M* mp, G* gp);

// The same if gp is about to end. With `leaves_stack` it may be bare and have
// no stack: gp leaves it its own. (first_run.h)
G* GoOnFromEnd(M* mp, G* gp, bool leaves_stack);

// Whether gp, which yields, and for which GoOn was null, would be the next to
// run itself: nothing else is runnable on its P or waits in the global queue,
// no timer is due, and no one asks for the P. It has had its turn then.
// (Gosched)
bool AloneOnP(M* mp, G* gp);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_DIRECT_H_
