// What a P has, each by itself and without a scheduler: the run queue, the list
// that it overflows to, free Gs, stacks. One thread: what a cache line costs
// that comes from another core is not in it.

#include "heddle/runtime/sched/runq.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "benchmark/benchmark.h"
#include "benchmarks/report.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sched/all_gs.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/gfree.h"
#include "heddle/runtime/sched/gqueue.h"
#include "heddle/runtime/stack/stack_cache.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::sched {
namespace {

using benchmarks::Loop;

struct Node {
  Node* schedlink = nullptr;
};
using Queue = Runq<Node>;

void NoOverflow(Node* const* /*batch*/, uint32_t /*n*/) {
  base::Throw("the queue is full");
}
void NoBackOff() {}

// One in, and out again, at the two ends of a queue that is half full.
void BM_RunqPutGet(benchmark::State& state) {
  Queue queue;
  std::vector<Node> nodes(kRunqSize / 2);
  for (Node& node : nodes) queue.Put(&node, false, nullptr, NoOverflow);
  Loop(state, 1,
       [&] { queue.Put(queue.Get().gp, /*next=*/false, nullptr, NoOverflow); });
}
BENCHMARK(BM_RunqPutGet);

// The same through runnext.
void BM_RunqNext(benchmark::State& state) {
  Queue queue;
  Node node;
  Loop(state, 1, [&] {
    queue.Put(&node, /*next=*/true, nullptr, NoOverflow);
    benchmark::DoNotOptimize(queue.Get().gp);
  });
}
BENCHMARK(BM_RunqNext);

// Half of a full queue and the one that found no place go to an array, and come
// back from there. For each of these.
void BM_RunqOverflow(benchmark::State& state) {
  Queue queue;
  std::vector<Node> nodes(kRunqSize + 1);
  std::array<Node*, Queue::kBatch> out;
  const auto overflow = [&out](Node* const* batch, uint32_t n) {
    std::copy_n(batch, n, out.begin());
  };
  for (uint32_t i = 0; i < kRunqSize; i++) {
    queue.Put(&nodes[i], false, nullptr, overflow);
  }
  Node* last = &nodes[kRunqSize];
  Loop(state, Queue::kBatch, [&] {
    queue.Put(last, false, nullptr, overflow);
    last = out[0];
    queue.PutArray(&out[1], Queue::kBatch - 1);
  });
}
BENCHMARK(BM_RunqOverflow);

// A thief takes half of a queue of range(0), again and again until it is empty;
// then all are put back. For each.
void BM_RunqSteal(benchmark::State& state) {
  const auto n = static_cast<uint32_t>(state.range(0));
  Queue victim;
  Queue thief;
  std::vector<Node> nodes(n);
  GQueue<Node> list;
  for (Node& node : nodes) list.PushBack(&node);
  Loop(state, n, [&] {
    victim.PutBatch(&list);
    while (Node* node = thief.StealFrom(&victim, false, NoBackOff)) {
      list.PushBack(node);
      thief.Drain(&list);
    }
  });
}
BENCHMARK(BM_RunqSteal)->Arg(1)->Arg(16)->Arg(kRunqSize);

void BM_GQueue(benchmark::State& state) {
  GQueue<Node> list;
  std::vector<Node> nodes(64);
  for (Node& node : nodes) list.PushBack(&node);
  Loop(state, 1, [&] {
    Node* const node = list.Pop();
    list.PushBack(node);
  });
}
BENCHMARK(BM_GQueue);

// range(0) dead Gs with their stacks are put away and taken again, from the
// P's own list up to kGFreeSpill - 1, by way of the global one beyond. For
// each.
void BM_GFree(benchmark::State& state) {
  constexpr size_t kStack = 64 << 10;
  const auto n = static_cast<size_t>(state.range(0));
  // In the order in which they may not be destroyed.
  stack::StackPool pool;
  stack::StackCache cache;
  AllGs all;
  GFreeLocal local;
  GFreeGlobal global(&all);
  const GFreeEnv env = {&local, &global, &pool, &cache};
  std::vector<G*> gs(n);
  for (G*& gp : gs) {
    gp = all.New();
    gp->stack = pool.Alloc(nullptr, kStack).value();
    CasGStatus(gp, GStatus::kIdle, GStatus::kDead);
  }
  Loop(state, state.range(0), [&] {
    for (G* gp : gs) GfPut(env, gp, kStack);
    for (G*& gp : gs) gp = GfGet(env, kStack);
  });
  for (G* gp : gs) pool.Free(nullptr, gp->stack);
  cache.Flush(&pool);
}
BENCHMARK(BM_GFree)->Arg(32)->Arg(1024);

// range(0) stacks of 64 KiB are taken and given back, from the P's own cache or
// past it. For each.
void Stacks(benchmark::State& state, stack::StackCache* cache) {
  constexpr size_t kStack = 64 << 10;
  stack::StackPool pool;
  std::vector<stack::Stack> stacks(static_cast<size_t>(state.range(0)));
  const auto round = [&] {
    for (stack::Stack& s : stacks) s = pool.Alloc(cache, kStack).value();
    for (const stack::Stack& s : stacks) pool.Free(cache, s);
  };
  round();  // maps them
  Loop(state, state.range(0), round);
  if (cache != nullptr) cache->Flush(&pool);
}

void BM_StackCache(benchmark::State& state) {
  stack::StackCache cache;
  Stacks(state, &cache);
}
BENCHMARK(BM_StackCache)->Arg(8)->Arg(64);

void BM_StackPool(benchmark::State& state) { Stacks(state, nullptr); }
BENCHMARK(BM_StackPool)->Arg(8)->Arg(64);

}  // namespace
}  // namespace heddle::sched
