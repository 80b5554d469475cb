// M: an OS thread that runs goroutines when it has a P.
//
// INV-M1  Only the M's own thread touches its fields, but for those that say
//         otherwise. Between MGet and NoteWakeup the waker owns a parked M's
//         `nextp` and `spinning`.
// INV-M2  g0 runs on the thread's own stack and never parks. Its frames are
//         left by Execute and come back there: Execute's call of Gogo returns
//         when the goroutine calls Mcall, on the same thread.
// INV-M3  A thread that has a G (Getg) has an M (Getm), also for a signal
//         handler: the M is set first, and taken away last.
// INV-M4  Inside the runtime (gate.h) the M keeps its P. Who parks is one level
//         in, as g0 always is, and still is when it goes on; in user code it is
//         none.
//
// Source: Go 1.21's runtime2.go, type m.

#ifndef RUNTIME_SCHED_M_H_
#define RUNTIME_SCHED_M_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>

#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/base/relaxed.h"
#include "heddle/runtime/base/small_id.h"
#include "heddle/runtime/os/alt_stack.h"
#include "heddle/runtime/os/newosproc.h"
#include "heddle/runtime/os/note.h"
#include "heddle/runtime/os/recent_time.h"
#include "heddle/runtime/sanitizer/race.h"
#include "heddle/runtime/sched/eh_globals.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/gate.h"

namespace heddle::sched {

struct P;
struct Sched;

// What is to run next.
struct Found {
  G* gp = nullptr;
  // gp goes on with the time slice of who made it runnable.
  bool inherit_time = false;
};

struct M {
  M(Sched* its_sched, int64_t its_id, uint64_t seed)
      : sched(its_sched), id(its_id), random(seed), joined(its_id == 0) {}

  Sched* const sched;
  // Dense from 0; m0 is the thread that called Run.
  const int64_t id;
  // Its place, and its thread's, in arrays that have one for each.
  const base::SmallId small_id;
  // The scheduler's context on this thread.
  G g0;
  // The goroutine that runs, or is in a blocking call; null on g0.
  // Read by anyone, as a guess.
  base::Relaxed<G*> curg{nullptr};
  // The P that it has, null when it has none; to be read inside the runtime.
  P* p = nullptr;
  // The P that its waker gives it. Written by the waker before NoteWakeup.
  P* nextp = nullptr;
  // Acquirem's count, by which its P is protected from takers.
  Gate gate;
  // Out of work and looking for some; counted in sched.nmspinning. Read by
  // anyone, as a guess.
  base::Relaxed<bool> spinning{false};
  // It sleeps in StopM or StopLockedM. Written under sched.lock; read by
  // reports.
  std::atomic<bool> idle{false};
  // What it calls first on its thread (mspinning), or null.
  void (*mstartfn)(M*) = nullptr;
  // Sleeps here when it has nothing to do. (StopM)
  os::Note park;
  // Next on the list of idle Ms, and when it was put there, by
  // Sched::coarse_now. sched.lock.
  M* schedlink = nullptr;
  int64_t idle_since = 0;
  // Tells a woken M that it gets no P: it leaves the scheduler. Written under
  // sched.lock before NoteWakeup.
  bool leave = false;

  // The goroutine that is locked to this thread, and how often it said so; also
  // one that waits here for a P at the gate (syscall.h). Written by that
  // goroutine.
  base::Relaxed<G*> lockedg{nullptr};
  uint32_t lockedext = 0;
  // That goroutine has ended, so the thread does.
  bool dies = false;
  // It sleeps in StopLockedM. sched.lock.
  bool stopped_locked = false;

  // The commit of the park that is under way, called by ParkM after the
  // goroutine's context is saved.
  bool (*waitunlockf)(G*, void*) = nullptr;
  void* waitlock = nullptr;
  // What Mcall's request wants run next, before asking FindRunnable.
  G* resume = nullptr;
  // What GoOn took off the queue and did not run: it is next. (direct.h)
  Found found;
  // Whom a direct switch has left, and what is to be done with it, by the
  // goroutine that was switched to, first of all. Null: nobody.
  G* left = nullptr;
  void (*left_fn)(G*) = nullptr;
  // Whether its goroutines may switch directly. Immutable.
  bool switches_directly = false;

  // Its thread's id in the system, 0 while it has none. Written by its own
  // thread; immutable while it has a P.
  std::atomic<pid_t> tid{0};
  // Its P was taken while it computed, and it counts in sched.nhogs. Written by
  // the taker, before; then the M's.
  bool is_hog = false;

  // The scheduler's random choices on this M.
  base::FastRand random;
  // The thread's errno and exception state. Its own thread's.
  int* errno_address = nullptr;
  EhGlobals* eh = nullptr;
  // Its own thread's. (TimeForTimers)
  os::RecentTime recent_time;
  // Where the thread takes signals. Its own thread's. (gsignal)
  os::AltStack signal_stack;

  // Its thread; none for m0, and until its maker has noted it. sched.lock.
  os::OsThread thread;
  // That has been joined, or there is none (m0). Who joins it.
  bool joined;
  // The next of all Ms, or of those to be freed. sched.lock.
  M* alllink = nullptr;
};

// Locks gp, which runs on mp, to it; and unlocks it. (lockedg, lockedm)
inline void LockToM(M* mp, G* gp) {
  mp->lockedg = gp;
  gp->marks.Set(Marks::kLocked, true);
}
inline void UnlockFromM(M* mp, G* gp) {
  mp->lockedg = nullptr;
  gp->marks.Set(Marks::kLocked, false);
}

// The goroutine that runs on the calling thread, a blocking call included; null
// on a g0 and on a thread of nobody's.
inline G* Curg() {
  G* gp = Getg();
  return gp == nullptr || gp == &Getm()->g0 ? nullptr : gp;
}

// The calling goroutine's or g0's fiber, for sanitizer/race.h.
inline sanitizer::Fiber* RaceSelf() {
  G* gp = sanitizer::kTsan ? Getg() : nullptr;
  return gp == nullptr ? nullptr : &gp->fiber;
}

// What Acquirem does if the P may have been taken. (syscall.cc)
M* PassGate(M* mp);

// Enters the runtime: until Releasem the calling M keeps its P, and the
// goroutine is not moved unless it parks. If the P was taken meanwhile, the
// thread waits here for another one; in a blocking call it goes in without.
// Returns the M, null on a thread that is none. Nests. Not with a runtime lock
// held, but for a nested one. (acquirem)
M* Acquirem();

// The same for who knows that it runs on gp: a goroutine, or a g0.
HEDDLE_INLINE M* AcquiremOf(G* gp) {
  sanitizer::RaceEnter(&gp->fiber);
  M* mp = Getm();
  if (__builtin_expect(mp->gate.Enter(), 0)) mp = PassGate(mp);
  return mp;
}

inline M* Acquirem() {
  sanitizer::RaceEnter(RaceSelf());
  M* mp = Getm();
  if (mp != nullptr && __builtin_expect(mp->gate.Enter(), 0)) {
    mp = PassGate(mp);
  }
  return mp;
}

// Undoes one Acquirem; `mp` is the calling M, or null. (releasem)
inline void Releasem(M* mp) {
  if (mp != nullptr) mp->gate.Leave();
  sanitizer::RaceLeave(RaceSelf());
}

// The same of AcquiremOf: for gp, the calling goroutine, which may be on
// another M by now.
HEDDLE_INLINE void ReleasemOf(G* gp) {
  Getm()->gate.Leave();
  sanitizer::RaceLeave(&gp->fiber);
}

// Acquirem and Releasem for a scope, in which the goroutine may park.
class InRuntime {
 public:
  InRuntime() { Acquirem(); }
  ~InRuntime() { Releasem(Getm()); }
  InRuntime(const InRuntime&) = delete;
  InRuntime& operator=(const InRuntime&) = delete;
};

// The P of mp, which is what Acquirem returned, if it belongs to `sched`; null
// if there is none.
inline P* CurrentP(const Sched* sched, const M* mp) {
  return mp != nullptr && mp->sched == sched ? mp->p : nullptr;
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_M_H_
