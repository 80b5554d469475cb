// P: a slot that allows an M to run goroutines, with the caches that go with
// it. There are as many as GoMaxProcs says.
//
// INV-P1  A P in the running or syscall state belongs to one M, which has it in
//         M::p; only that M's thread, inside the runtime, touches the fields
//         that are not said to be anyone's. Ownership passes through
//         sched.lock, a note or the M's gate.
// INV-P2  A P on the idle list has an empty run queue.
// INV-P3  Ps are not deleted while their runtime lives.
//
// Source: Go 1.21's runtime2.go, type p.

#ifndef RUNTIME_SCHED_P_H_
#define RUNTIME_SCHED_P_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/gfree.h"
#include "heddle/runtime/sched/runq.h"
#include "heddle/runtime/sched/status.h"
#include "heddle/runtime/sched/time_slice.h"
#include "heddle/runtime/sched/timer.h"
#include "heddle/runtime/sched/yielded.h"
#include "heddle/runtime/stack/stack_cache.h"

namespace heddle::sched {

struct M;
struct Sched;

// Go's _GoidCacheBatch: ids that a P takes from the runtime at once.
inline constexpr uint64_t kGoidCacheBatch = 16;

// Adds to a counter that one thread writes and any thread may read: no locked
// instruction.
inline void AddOwned(std::atomic<uint64_t>* counter, uint64_t n) {
  // Release: pairs with the acquire in GCount, so that who sees an end sees the
  // beginning as well.
  counter->store(counter->load(std::memory_order_relaxed) + n,
                 std::memory_order_release);
}

struct P {
  P(int32_t its_id, uint64_t seed)
      : id(its_id), random(seed + static_cast<uint64_t>(its_id)) {}

  const int32_t id;
  // Written by the owner or, stopped, under sched.lock; read by anyone.
  std::atomic<PStatus> status{PStatus::kGcstop};
  // Calls of the scheduler, system calls: they tell that time passes here.
  // Owner; read by anyone, as a guess.
  std::atomic<uint32_t> schedtick{0};
  std::atomic<uint32_t> syscalltick{0};
  // The M that has it; null while it is nobody's. Owner, and whoever takes it
  // through the gate; read by takers.
  std::atomic<M*> m{nullptr};
  // Next on the idle list. sched.lock.
  P* link = nullptr;

  // Thieves come in by their own side: see runq.h.
  Runq<G> runq;
  // Goroutines that have not begun, while this P goes depth first: thieves take
  // the oldest, the owner the newest. `begun`: how many have begun here, less
  // those that have ended here, since the P was out of work last. `nurses`:
  // there may be some in the nursery, or such as belong there. `oldest_at`:
  // when its oldest was taken for being that, by Sched::coarse_now. Owner's.
  // (depth_first.h)
  Runq<G> nursery;
  int32_t begun = 0;
  bool nurses = false;
  int64_t oldest_at = 0;
  // What has yielded here: behind all that is in runq and in the global queue.
  // The first `yielded_marked` of them go once Sched::runqtaken has come to
  // `yielded_mark`. Owner's. (RunqGetMore)
  YieldList yielded;
  uint32_t yielded_marked = 0;
  uint64_t yielded_mark = 0;
  TimeSlice slice;

  // A turn that is not inherited begins. Owner only.
  HEDDLE_INLINE void CountTurn() {
    schedtick.store(schedtick.load(std::memory_order_relaxed) + 1,
                    std::memory_order_relaxed);
  }

  // Whether there is nothing to run, as Runq::Empty.
  bool QueuesEmpty() const {
    return runq.Empty() && nursery.Empty() && yielded.Empty();
  }
  // How many there are, runnext not counted.
  uint32_t QueuesSize() const {
    return runq.size() + nursery.size() + yielded.size();
  }
  // Takes everything, runnext first. Owner only. Returns how many.
  uint32_t DrainQueues(GQueue<G>* out) {
    uint32_t n = runq.Drain(out) + nursery.Drain(out);
    for (; G* gp = yielded.TakeOldest(); n++) out->PushBack(gp);
    return n;
  }

  // What sysmon saw here last. Sysmon's. (sysmontick)
  struct SysmonTick {
    uint32_t schedtick = ~0u;  // none seen
    int64_t schedwhen = 0;
    uint32_t syscalltick = ~0u;
    int64_t syscallwhen = 0;
  };
  SysmonTick sysmontick;

  // os::Ticks() when a direct switch last looked whether a timer is due. Owner.
  uint64_t clock_read_at = 0;

  // The scheduler's random choices here, if options.randomize.
  base::FastRand random;

  // The rest of this P's batch of goroutine ids: [goidcache, goidcacheend).
  uint64_t goidcache = 0;
  uint64_t goidcacheend = 0;
  GFreeLocal gfree;
  stack::StackCache stackcache;

  // Goroutines of the user's that were started and that ended here. Their
  // sums over all Ps tell how many there are, without a shared counter.
  // Owner; read by anyone.
  std::atomic<uint64_t> ngcreated{0};
  std::atomic<uint64_t> ngexited{0};

  // Anyone's, under its lock. They lie beside it, and stay there (INV-T2).
  Timers& timers();
  const Timers& timers() const { return const_cast<P*>(this)->timers(); }
};

// Where a P lies: NewP and DeleteP take and keep these.
struct PMemory {
  Timers timers;
  alignas(P) std::byte p[sizeof(P)];
  PMemory* next_free;

  static PMemory* Of(P* pp) {
    return reinterpret_cast<PMemory*>(reinterpret_cast<std::byte*>(pp) -
                                      offsetof(PMemory, p));
  }
};

inline Timers& P::timers() { return PMemory::Of(this)->timers; }

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_P_H_
