// Parking the calling goroutine and making a parked one runnable: what
// channels, mutexes, timers and pollers are built on.
//
// A goroutine that parks must first be findable by who will ready it, and must
// not be readied before its context is saved. So it publishes itself under some
// lock, and the lock is let go by `unlockf`, which runs after the switch: on
// g0, or on the stack of the goroutine that it goes on with. (direct.h)
//
// Source: Go 1.21's gopark, park_m, goready, ready, Gosched, goschedImpl.

#ifndef RUNTIME_SCHED_PARK_H_
#define RUNTIME_SCHED_PARK_H_

#include <optional>

#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/os/spin_lock.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/gqueue.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/sched_ref.h"
#include "heddle/runtime/sched/wait_reason.h"

namespace heddle::sched {

// The calling thread's goroutine, if it can park. Null on other threads, on g0,
// and inside Blocking, where the thread itself has to wait.
inline G* ParkableG() {
  G* gp = Curg();
  // Relaxed: its own state.
  return gp == nullptr || gp->atomicstatus.load(std::memory_order_relaxed) ==
                              GStatus::kSyscall
             ? nullptr
             : gp;
}

// Whether what the calling goroutine does must not depend on the clock: see
// Options::randomize.
bool Deterministic();

// Parks the calling goroutine until Ready. unlockf(gp, lock) runs once the
// context is saved and publishes that; gp may be running again, elsewhere,
// before it returns. If it returns false, gp goes on at once. Null: no commit.
// The caller is inside the runtime (Acquirem, once), and still is afterwards;
// it holds no runtime lock but the one that unlockf releases. (gopark)
void Gopark(bool (*unlockf)(G* gp, void* lock), void* lock, WaitReason reason);

// Gopark whose commit is to release `lock`. (goparkunlock)
void GoparkUnlock(os::Lock* lock, WaitReason reason);
void GoparkUnlock(os::SpinLock* lock, WaitReason reason);

// Makes gp, which is parked, runnable. From any thread: on one of gp's runtime
// it becomes the calling P's runnext, else it goes to the global queue.
// (goready)
void Goready(G* gp);

// Goready for many: they go to the tail of the calling P's queue in the order
// in which they are added, and those that find no room to the global one's.
// (injectglist)
class GoreadyBatch {
 public:
  GoreadyBatch() = default;
  ~GoreadyBatch() { Flush(); }
  GoreadyBatch(const GoreadyBatch&) = delete;
  GoreadyBatch& operator=(const GoreadyBatch&) = delete;

  // Makes gp, which is parked, runnable; it can run after Flush, or the end of
  // the batch, at the latest. As that, not with a lock held.
  void Add(G* gp);
  void Flush();

 private:
  // So many are enough for other Ps to begin with, while the rest is added.
  static constexpr int32_t kMost = 256;

  // If that is not the caller's: from before the first of them is runnable.
  std::optional<Visit> visit_;
  GQueue<G> ready_;  // all of one runtime
  int32_t n_ = 0;
};

// Lets others run first: the caller goes to the tail of the global queue.
// (Gosched)
void Gosched();
// The same for who knows the calling goroutine.
void GoschedOf(G* gp);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_PARK_H_
