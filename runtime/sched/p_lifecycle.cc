#include "heddle/runtime/sched/p_lifecycle.h"

#include <new>
#include <utility>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/fork.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/kept.h"
#include "heddle/runtime/sched/sysmon.h"
#include "heddle/runtime/sched/timers.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::sched {
namespace {

// What Ps lie in. (INV-T2)
constinit Kept<PMemory> memories;

[[gnu::constructor]] void UnlockAtFork() {
  os::AtFork([] { memories.UnlockInChild(); });
}

}  // namespace

P* NewP(Sched* sched, int32_t id) {
  PMemory* const memory = memories.Take();
  memory->timers.sched = sched;
  return new (memory->p) P(id, sched->options.seed);
}

void DeleteP(P* pp) {
  PMemory* const memory = PMemory::Of(pp);
  pp->~P();
  memories.PutBack(memory);
}

SparePs::SparePs(Sched* sched, int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    if (sched->allp[static_cast<size_t>(i)].load(std::memory_order_acquire) ==
        nullptr) {
      ps_.emplace_back(NewP(sched, i));
    }
  }
  steal_order_.Reset(static_cast<uint32_t>(n));
}

void AcquireP(P* pp) {
  M* mp = Getm();
  if (mp->p != nullptr) base::Throw("wirep: already in go");
  if (pp->m.load(std::memory_order_relaxed) != nullptr ||
      pp->status.load(std::memory_order_relaxed) != PStatus::kIdle) {
    base::Throw("wirep: invalid p state");
  }
  mp->p = pp;
  pp->status.store(PStatus::kRunning, std::memory_order_relaxed);
  // Release: pairs with the acquire of a taker, which then reads the M.
  pp->m.store(mp, std::memory_order_release);
}

P* ReleaseP() {
  M* mp = Getm();
  P* pp = mp->p;
  if (pp == nullptr) base::Throw("releasep: invalid arg");
  if (pp->m.load(std::memory_order_relaxed) != mp ||
      pp->status.load(std::memory_order_relaxed) != PStatus::kRunning) {
    base::Throw("releasep: invalid p state");
  }
  mp->p = nullptr;
  pp->m.store(nullptr, std::memory_order_relaxed);
  pp->status.store(PStatus::kIdle, std::memory_order_relaxed);
  return pp;
}

bool AnyQueued(const Sched* sched) {
  const int32_t n = sched->gomaxprocs.load(std::memory_order_acquire);
  for (int32_t i = 0; i < n; i++) {
    // An idle one has nothing.
    if (!sched->idlep_mask.Read(i) && !GetP(sched, i)->QueuesEmpty()) {
      return true;
    }
  }
  return false;
}

void PidlePut(Sched* sched, P* pp) {
  if (!pp->QueuesEmpty()) base::Throw("pidleput: P has non-empty run queue");
  sched->idlep_mask.Set(pp->id);
  pp->link = sched->pidle;
  sched->pidle = pp;
  sched->RaiseIdle();
}

void GcStopP(Sched* sched, P* pp) {
  pp->status.store(PStatus::kGcstop, std::memory_order_relaxed);
  if (--sched->stopwait == 0) sched->stopnote.Wakeup();
}

bool PidlePutOrStop(Sched* sched, P* pp) {
  if (sched->gcwaiting()) {
    GcStopP(sched, pp);
    return false;
  }
  PidlePut(sched, pp);
  return true;
}

P* PidleGet(Sched* sched) {
  P* pp = sched->pidle;
  if (pp == nullptr) return nullptr;
  WakeSysmon(sched, /*any_sleep=*/false);
  sched->idlep_mask.Clear(pp->id);
  sched->pidle = pp->link;
  pp->link = nullptr;
  sched->LowerIdle();
  return pp;
}

P* PidleGetSpinning(Sched* sched) {
  P* pp = PidleGet(sched);
  if (pp == nullptr) sched->AnnounceWork();
  return pp;
}

namespace {

// Ends a P: what it has goes back to the runtime. (p.destroy)
void DestroyP(Sched* sched, P* pp) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock) {
  // To the head of the global queue, in the order in which they would have
  // run here.
  GQueue<G> runnable;
  const uint32_t n = pp->DrainQueues(&runnable);
  GlobRunqPutHeadBatch(sched, &runnable, static_cast<int32_t>(n));
  GfPurge(&pp->gfree, &sched->gfree);
  pp->stackcache.Flush(sched->stackpool.get());
  MoveTimers(&pp->timers(), &GetP(sched, 0)->timers());
  pp->status.store(PStatus::kDead, std::memory_order_relaxed);
}

}  // namespace

P* ProcResize(Sched* sched, int32_t n, SparePs* spare) {
  const int32_t old = sched->gomaxprocs.load(std::memory_order_relaxed);
  if (n < 1 || n > kMaxProcs) base::Throw("procresize: invalid arg");
  // Others may have made some since `spare` was.
  for (std::unique_ptr<P, SparePs::Delete>& pp : spare->ps_) {
    std::atomic<P*>& place = sched->allp[static_cast<size_t>(pp->id)];
    if (place.load(std::memory_order_relaxed) != nullptr) continue;
    // Release: pairs with the acquire in GetP.
    place.store(pp.release(), std::memory_order_release);
  }
  for (int32_t i = old; i < n; i++) {
    GetP(sched, i)->status.store(PStatus::kGcstop, std::memory_order_relaxed);
  }
  M* mp = Getm();
  if (mp != nullptr && mp->sched != sched) mp = nullptr;
  if (mp != nullptr && mp->p != nullptr) {
    P* mine = mp->p;
    if (mine->id < n) {
      mine->status.store(PStatus::kRunning, std::memory_order_relaxed);
    } else {
      mine->m.store(nullptr, std::memory_order_relaxed);
      mp->p = nullptr;
      P* first = GetP(sched, 0);
      first->m.store(nullptr, std::memory_order_relaxed);
      first->status.store(PStatus::kIdle, std::memory_order_relaxed);
      AcquireP(first);
    }
  }
  for (int32_t i = n; i < old; i++) DestroyP(sched, GetP(sched, i));
  std::swap(sched->steal_order, spare->steal_order_);
  sched->gomaxprocs.store(n, std::memory_order_release);
  for (int32_t i = 0; i < n; i++) {
    GetP(sched, i)->runq.set_alone(n == 1);
    GetP(sched, i)->nursery.set_alone(n == 1);
    GetP(sched, i)->yielded.set_alone(n == 1);
  }

  P* runnable = nullptr;
  for (int32_t i = n - 1; i >= 0; i--) {
    P* pp = GetP(sched, i);
    if (mp != nullptr && mp->p == pp) continue;
    pp->status.store(PStatus::kIdle, std::memory_order_relaxed);
    if (pp->QueuesEmpty()) {
      PidlePut(sched, pp);
    } else {
      pp->link = runnable;
      runnable = pp;
    }
  }
  return runnable;
}

}  // namespace heddle::sched
