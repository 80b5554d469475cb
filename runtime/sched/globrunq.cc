#include "heddle/runtime/sched/globrunq.h"

#include <algorithm>

#include "heddle/runtime/sched/depth_first.h"
#include "heddle/runtime/sched/invariants.h"

namespace heddle::sched {
namespace {

void AddSize(Sched* sched, int32_t n) {
  sched->runqsize.store(sched->runqsize.load(std::memory_order_relaxed) + n,
                        std::memory_order_relaxed);
}

// Takes what a full ring gives away.
auto OverflowTo(Sched* sched) {
  return [sched](G* const* batch, uint32_t n) {
    os::LockGuard guard(sched->lock);
    sched->runq.PushBack(batch, n);
    AddSize(sched, static_cast<int32_t>(n));
  };
}

// How many of those that have yielded on pp come before what is in the global
// queue. What is in that when they are looked at first comes before them.
uint32_t YieldedMayGo(const Sched* sched, P* pp)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock) {
  const auto size =
      static_cast<uint32_t>(sched->runqsize.load(std::memory_order_relaxed));
  if (size == 0) return pp->yielded.size();
  if (pp->yielded_marked == 0) {
    pp->yielded_marked = pp->yielded.size();
    pp->yielded_mark = sched->runqtaken + size;
  }
  return sched->runqtaken >= pp->yielded_mark ? pp->yielded_marked : 0;
}

G* GetOldestGlobal(Sched* sched, P* pp) {
  if (sched->runqsize.load(std::memory_order_relaxed) == 0) return nullptr;
  os::LockGuard guard(sched->lock);
  return GlobRunqGet(sched, pp, /*max=*/1);
}

}  // namespace

void GlobRunqPut(Sched* sched, G* gp) {
  CheckQueueable(gp);
  sched->runq.PushBack(gp);
  AddSize(sched, 1);
}

void GlobRunqPutBatch(Sched* sched, GQueue<G>* batch, int32_t n) {
  while (G* gp = batch->Pop()) sched->runq.PushBack(gp);
  AddSize(sched, n);
}

void GlobRunqPutHeadBatch(Sched* sched, GQueue<G>* batch, int32_t n) {
  sched->runq.PushFrontAll(batch);
  AddSize(sched, n);
  sched->runqtaken -= static_cast<uint64_t>(n);
}

G* GlobRunqGet(Sched* sched, P* pp, int32_t max) {
  const int32_t size = sched->runqsize.load(std::memory_order_relaxed);
  if (size == 0) return nullptr;
  int32_t n = std::min(
      size, size / sched->gomaxprocs.load(std::memory_order_relaxed) + 1);
  if (max > 0) n = std::min(n, max);
  n = std::min(n, static_cast<int32_t>(kRunqSize / 2));
  AddSize(sched, -n);
  sched->runqtaken += static_cast<uint64_t>(n);
  G* first = sched->runq.Pop();
  const auto rest = static_cast<uint32_t>(n - 1);
  // More than one are asked for by callers whose ring is empty only.
  if (sched->runq.MoveTo(&pp->runq, rest) != rest) {
    base::Throw("globrunqget: runq overflow");
  }
  return first;
}

void RunqPutTail(Sched* sched, P* pp, G* gp) {
  Runq<G>* queue = &pp->runq;
  if (GoesDepthFirst(pp) && !gp->started) {
    pp->nurses = true;
    queue = &pp->nursery;
  }
  queue->PutTail(gp, /*random=*/nullptr, OverflowTo(sched));
}

void RunqPut(Sched* sched, P* pp, G* gp, bool next) {
  CheckQueueable(gp);
  CheckOwned(pp);
  base::FastRand* random = sched->options.randomize ? &pp->random : nullptr;
  pp->runq.Put(gp, next, random, OverflowTo(sched));
}

G* RunqGetMore(Sched* sched, P* pp) {
  G* gp = nullptr;
  // What fits into the ring, after as much from the global queue if there is
  // some: those that yield meanwhile stay in the ring then, if all fit there.
  uint32_t most = kRunqSize;
  if (sched->runqsize.load(std::memory_order_relaxed) != 0) {
    os::LockGuard guard(sched->lock);
    gp = GlobRunqGet(sched, pp, /*max=*/0);
    most = std::min(kRunqSize / 2, YieldedMayGo(sched, pp));
  } else {
    pp->yielded_marked = 0;
  }
  if (pp->yielded.size() == 0 || most == 0) return gp;
  uint32_t n = 0;
  if (gp == nullptr) {
    gp = pp->yielded.TakeOldest();
    n = gp != nullptr ? 1 : 0;
  }
  n += pp->yielded.MoveTo(&pp->runq, most - n);
  pp->yielded_marked -= std::min(n, pp->yielded_marked);
  return gp;
}

G* RunqGetOldest(Sched* sched, P* pp) {
  const uint32_t turn =
      pp->schedtick.load(std::memory_order_relaxed) / kGlobalQueueTick;
  if (turn % 2 == 0) {
    if (G* gp = GetOldestGlobal(sched, pp); gp != nullptr) return gp;
  }
  if (G* gp = pp->yielded.TakeOldest(); gp != nullptr) return gp;
  return GetOldestGlobal(sched, pp);
}

}  // namespace heddle::sched
