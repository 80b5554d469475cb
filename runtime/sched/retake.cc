#include "heddle/runtime/sched/retake.h"

#include "heddle/runtime/os/membarrier.h"
#include "heddle/runtime/os/thread_state.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/timers.h"

namespace heddle::sched {
namespace {

// Takes pp if its M can be had, `may(M*)` allows it, and then `still()` as
// well: what that reads of the M's is true if the gate's Take succeeds
// (gate.h).
template <typename May, typename Still>
bool TakeIf(Sched* sched, P* pp, May may, Still still) {
  os::LockGuard guard(sched->steal_lock);
  // An M stays while steal_lock is held, also one that ends.
  M* mp = pp->m.load(std::memory_order_acquire);
  if (mp == nullptr || mp->gate.locks() != 0 || !may(mp)) return false;
  if (!mp->gate.Ask()) return false;
  os::AsymmetricHeavyFence();
  if (mp->gate.Open() && pp->m.load(std::memory_order_relaxed) == mp &&
      still() && mp->gate.Take()) {
    pp->m.store(nullptr, std::memory_order_relaxed);
    pp->status.store(PStatus::kIdle, std::memory_order_relaxed);
    return true;
  }
  mp->gate.Withdraw();
  return false;
}

// For TakeIf: whatever mp does, it does not compute for long.
bool NoHog(M* mp) {
  mp->is_hog = false;
  return true;
}

// Whether pp's going on elsewhere would help nobody: it has no work, and for
// what there is elsewhere somebody is looking, or could, or there is nothing.
// Each try to take a P is a look into /proc and a membarrier.
bool NobodyWaits(const Sched* sched, const P* pp, int64_t now) {
  if (!pp->QueuesEmpty() ||
      sched->runqsize.load(std::memory_order_relaxed) != 0) {
    return false;
  }
  if (sched->nmspinning.load(std::memory_order_relaxed) +
          sched->npidle.load(std::memory_order_relaxed) >
      0) {
    return true;
  }
  return !AnyQueued(sched) && !TimerIsNear(EarliestTimer(sched), now);
}

// Whether pp has been in the same goroutine's, or chain of goroutines', hands
// for as long as that may have it. `*ran` is for how long.
bool SliceIsOver(P* pp, int64_t now, int64_t* ran) {
  P::SysmonTick& tick = pp->sysmontick;
  const uint32_t schedtick = pp->schedtick.load(std::memory_order_relaxed);
  if (tick.schedtick != schedtick) {
    tick.schedtick = schedtick;
    tick.schedwhen = now;
  }
  *ran = now - tick.schedwhen;
  return *ran >= kForcePreemptNs;
}

bool RetakeFromSyscall(Sched* sched, P* pp, int64_t now, bool slice_over) {
  P::SysmonTick& tick = pp->sysmontick;
  const uint32_t t = pp->syscalltick.load(std::memory_order_relaxed);
  if (!slice_over && tick.syscalltick != t) {
    // First seen now: it may be a short one.
    tick.syscalltick = t;
    tick.syscallwhen = now;
    return false;
  }
  if (NobodyWaits(sched, pp, now) && now - tick.syscallwhen < kForcePreemptNs) {
    return false;
  }
  // By now it may be back: Options::preempt says what may be taken then.
  return TakeIf(sched, pp, NoHog, [pp] {
    return pp->status.load(std::memory_order_relaxed) == PStatus::kSyscall;
  });
}

// What a hog costs is a thread, and CPU time that others would have had. So the
// more there are, the longer a goroutine has to have computed; and beyond a few
// more than there are Ps, far longer.
bool MayBecomeHog(Sched* sched, int64_t ran) {
  constexpr int64_t kSpareHogs = 2;
  constexpr int64_t kBeyondNs = 10 * kForcePreemptNs;
  const int64_t hogs = sched->nhogs.load(std::memory_order_relaxed);
  const int64_t procs = sched->gomaxprocs.load(std::memory_order_relaxed);
  const int64_t beyond = hogs + 1 - procs - kSpareHogs;
  return ran >= kForcePreemptNs * (procs + hogs) / procs &&
         ran >= kBeyondNs * beyond;
}

// Whether there is a thread for a P that is taken now, and for those that are
// idle, or may be made: to take one is never worth the end of the program.
bool ThreadToSpare(Sched* sched) {
  os::LockGuard guard(sched->lock);
  return sched->nm - sched->nmsys - sched->nmidle +
             sched->npidle.load(std::memory_order_relaxed) <
         sched->options.max_threads;
}

bool RetakeFromUserCode(Sched* sched, P* pp, int64_t now, int64_t ran) {
  if (!sched->preempt || NobodyWaits(sched, pp, now)) return false;
  bool hog = false;
  const bool taken = TakeIf(
      sched, pp,
      [sched, ran, &hog](M* mp) {
        // Ours to write while steal_lock is held; mp reads it once the P is
        // taken.
        hog = os::ThreadIsRunning(mp->tid.load(std::memory_order_relaxed));
        mp->is_hog = hog;
        return (!hog || MayBecomeHog(sched, ran)) && ThreadToSpare(sched);
      },
      [] { return true; });
  if (taken && hog) sched->nhogs.fetch_add(1, std::memory_order_relaxed);
  return taken;
}

}  // namespace

bool TakeP(Sched* sched, P* pp) {
  return TakeIf(sched, pp, NoHog, [] { return true; });
}

int Retake(Sched* sched, int64_t now) {
  if (!sched->takes_ps) return 0;
  int n = 0;
  const int32_t procs = sched->gomaxprocs.load(std::memory_order_acquire);
  for (int32_t i = 0; i < procs; i++) {
    P* pp = GetP(sched, i);
    const PStatus status = pp->status.load(std::memory_order_relaxed);
    if (status != PStatus::kRunning && status != PStatus::kSyscall) continue;
    int64_t ran;
    const bool slice_over = SliceIsOver(pp, now, &ran);
    const bool taken =
        status == PStatus::kSyscall
            ? RetakeFromSyscall(sched, pp, now, slice_over)
            : slice_over && RetakeFromUserCode(sched, pp, now, ran);
    if (!taken) continue;
    n++;
    HandoffP(sched, pp);
  }
  return n;
}

}  // namespace heddle::sched
