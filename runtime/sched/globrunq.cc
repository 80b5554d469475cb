#include "runtime/sched/globrunq.h"

#include <algorithm>

#include "runtime/sched/depth_first.h"
#include "runtime/sched/invariants.h"

namespace heddle::sched {
namespace {

void AddSize(Sched* sched, int32_t n) {
  sched->runqsize.store(sched->runqsize.load(std::memory_order_relaxed) + n,
                        std::memory_order_relaxed);
}

// Takes what a full ring gives away.
auto OverflowTo(Sched* sched) {
  return [sched](GQueue<G>* batch, uint32_t n) {
    os::LockGuard guard(sched->lock);
    GlobRunqPutBatch(sched, batch, static_cast<int32_t>(n));
  };
}

}  // namespace

void GlobRunqPut(Sched* sched, G* gp) {
  CheckQueueable(gp);
  sched->runq.PushBack(gp);
  AddSize(sched, 1);
}

void GlobRunqPutBatch(Sched* sched, GQueue<G>* batch, int32_t n) {
  sched->runq.PushBackAll(batch);
  AddSize(sched, n);
}

void GlobRunqPutHeadBatch(Sched* sched, GQueue<G>* batch, int32_t n) {
  batch->PushBackAll(&sched->runq);
  sched->runq = batch->PopAll();
  AddSize(sched, n);
}

G* GlobRunqGet(Sched* sched, P* pp, int32_t max) {
  const int32_t size = sched->runqsize.load(std::memory_order_relaxed);
  if (size == 0) return nullptr;
  int32_t n = std::min(
      size, size / sched->gomaxprocs.load(std::memory_order_relaxed) + 1);
  if (max > 0) n = std::min(n, max);
  n = std::min(n, static_cast<int32_t>(kRunqSize / 2));
  AddSize(sched, -n);
  G* first = sched->runq.Pop();
  GQueue<G> rest;
  for (int32_t i = 1; i < n; i++) rest.PushBack(sched->runq.Pop());
  pp->runq.PutBatch(&rest);
  // More than one are asked for by callers whose ring is empty only.
  if (!rest.empty()) base::Throw("globrunqget: runq overflow");
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

}  // namespace heddle::sched
