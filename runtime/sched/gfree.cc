#include "runtime/sched/gfree.h"

#include <algorithm>

#include "absl/base/optimization.h"
#include "runtime/base/prefetch.h"

namespace heddle::sched {
namespace {

base::BitPool* PoolOf(GFreeGlobal* global, const G* gp)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(global->lock) {
  if (gp->stack.lo == 0) return &global->no_stack;
  return &global->with_stack[GFreeKindOf(gp->stack.size())];
}

// Adds the n Gs from `gs` on.
void PutGlobal(GFreeGlobal* global, G* const* gs, int32_t n) {
  os::LockGuard guard(global->lock);
  for (int32_t i = 0; i < n; i++) {
    const size_t number = global->allgs->IndexOf(gs[i]);
    base::BitPool* pool = PoolOf(global, gs[i]);
    pool->Reserve(number + 1);
    pool->Add(number);
  }
  global->n.fetch_add(n, std::memory_order_relaxed);
}

void NoteLeast(GFreeGlobal* global)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(global->lock) {
  for (int kind = 0; kind < kNumGFreeKinds; kind++) {
    size_t& least = global->least_with_stack[kind];
    least = std::min(least, global->with_stack[kind].size());
  }
  global->least_no_stack =
      std::min(global->least_no_stack, global->no_stack.size());
}

// Takes up to n, kGFreeBatch at most, into `gs`, the lowest last: such with a
// stack first. Returns how many.
int32_t TakeGlobal(GFreeGlobal* global, GFreeKind kind, G** gs, int32_t n) {
  size_t numbers[kGFreeBatch];
  os::LockGuard guard(global->lock);
  const size_t with_stack = global->with_stack[kind].TakeFirst(n, numbers);
  const size_t no_stack =
      global->no_stack.TakeFirst(n - with_stack, numbers + with_stack);
  for (size_t i = with_stack; i < with_stack + no_stack; i++) {
    global->allgs->TakeBack(numbers[i] / AllGs::kBlock);
  }
  n = static_cast<int32_t>(with_stack + no_stack);
  for (int32_t i = 0; i < n; i++) {
    gs[n - 1 - i] = (*global->allgs)[numbers[i]];
  }
  NoteLeast(global);
  global->n.fetch_sub(n, std::memory_order_relaxed);
  return n;
}

// With many goroutines each G, and the top of each stack, where the go
// statement writes, is a miss: those that come soon are fetched while others
// are made.
void Prefetch(const GFreeList& list) {
  constexpr size_t kTop = 5 * ABSL_CACHELINE_SIZE;
  const auto fetch_top = [](const stack::Stack& s, size_t bytes) {
    base::PrefetchForWrite(s.hi - StackColor(s) - bytes, bytes);
  };
  const int32_t n = list.n;
  if (n >= 4) {
    base::PrefetchForWrite(reinterpret_cast<uintptr_t>(list.gs[n - 4]),
                           sizeof(G));
  }
  // First one line, for the TLB, then the rest.
  if (n >= 3) fetch_top(list.gs[n - 3]->stack, ABSL_CACHELINE_SIZE);
  if (n >= 1) fetch_top(list.gs[n - 1]->stack, kTop);
}

G* PopAny(const GFreeEnv& env, GFreeKind kind) {
  const bool more = env.global->n.load(std::memory_order_relaxed) != 0;
  if (env.local == nullptr) {
    G* gp = nullptr;
    if (more) TakeGlobal(env.global, kind, &gp, 1);
    return gp;
  }
  GFreeList& list = env.local->of[kind];
  if (list.n == 0) {
    if (!more) return nullptr;
    list.n = TakeGlobal(env.global, kind, list.gs, kGFreeBatch);
    if (list.n == 0) return nullptr;
  }
  list.n = list.n - 1;
  G* gp = list.gs[list.n];
  if (env.global->n.load(std::memory_order_relaxed) > kColdGs) Prefetch(list);
  return gp;
}

// A word of a BitPool: all Gs of a block are in it.
constexpr uint64_t kWholeBlock = ~uint64_t{0};
static_assert(AllGs::kBlock == base::BitPool::kWordBits);

void FreeStack(const GFreeEnv& env, G* gp) {
  env.pool->Free(env.cache, gp->stack);
  gp->stack = stack::Stack();
}

}  // namespace

G* GfGet(const GFreeEnv& env, size_t stack_size) {
  G* gp = PopAny(env, GFreeKindOf(stack_size));
  if (gp == nullptr || gp->stack.lo == 0) return gp;
  NoteReuse(gp->stack);
  // It was the right size when it was put here, but may be no longer.
  if (gp->stack.size() != stack_size) FreeStack(env, gp);
  return gp;
}

void GfPut(const GFreeEnv& env, G* gp, size_t stack_size) {
  if (ReadGStatus(gp) != GStatus::kDead) {
    base::Throw("gfput: bad status (not Gdead)");
  }
  const size_t size = gp->stack.size();
  if (size != stack_size && size != stack::kMinStack && size != 0) {
    FreeStack(env, gp);
  } else if (size != 0) {
    if (size > kKeptOfFree) {
      stack::GiveBack(gp->stack.lo, gp->stack.hi - kKeptOfFree);
    }
    NoteFree(gp->stack);
  }
  if (env.local == nullptr) {
    PutGlobal(env.global, &gp, 1);
    return;
  }
  GFreeList& list = env.local->of[GFreeKindOf(gp->stack.size())];
  list.gs[list.n] = gp;
  list.n = list.n + 1;
  if (list.n == kGFreeSpill) {
    constexpr int32_t kSpilled = kGFreeSpill - (kGFreeBatch - 1);
    PutGlobal(env.global, list.gs, kSpilled);
    std::copy(list.gs + kSpilled, list.gs + kGFreeSpill, list.gs);
    list.n = kGFreeBatch - 1;
  }
}

IdleGs MarkIdle(GFreeGlobal* global) {
  os::LockGuard guard(global->lock);
  IdleGs idle;
  for (int kind = 0; kind < kNumGFreeKinds; kind++) {
    size_t& least = global->least_with_stack[kind];
    idle.with_stack[kind] = static_cast<int32_t>(least);
    least = global->with_stack[kind].size();
  }
  idle.no_stack = static_cast<int32_t>(global->least_no_stack);
  global->least_no_stack = global->no_stack.size();
  return idle;
}

int32_t FreeStacks(GFreeGlobal* global, GFreeKind kind, stack::StackPool* pool,
                   int32_t max) {
  constexpr int32_t kAtOnce = 16;
  size_t numbers[kAtOnce];
  int32_t n = 0;
  {
    os::LockGuard guard(global->lock);
    // The highest: what stays is at the beginning, side by side.
    base::BitPool& with_stack = global->with_stack[kind];
    for (; n < std::min(max, kAtOnce) && !with_stack.empty(); n++) {
      numbers[n] = with_stack.Last();
      with_stack.Remove(numbers[n]);
    }
    NoteLeast(global);
    global->n.fetch_sub(n, std::memory_order_relaxed);
  }
  // Unmaps now and then.
  for (int32_t i = 0; i < n; i++) {
    G* gp = (*global->allgs)[numbers[i]];
    pool->Free(nullptr, gp->stack);
    gp->stack = stack::Stack();
  }
  os::LockGuard guard(global->lock);
  for (int32_t i = 0; i < n; i++) {
    global->no_stack.Reserve(numbers[i] + 1);
    global->no_stack.Add(numbers[i]);
  }
  global->n.fetch_add(n, std::memory_order_relaxed);
  return n;
}

int32_t FreeGs(GFreeGlobal* global, int32_t max) {
  constexpr int32_t kBlock = static_cast<int32_t>(AllGs::kBlock);
  int32_t n = 0;
  os::LockGuard guard(global->lock);
  for (size_t block = global->allgs->size() / AllGs::kBlock;
       block-- > 0 && n + kBlock <= max;) {
    if (global->no_stack.Word(block) != kWholeBlock ||
        global->allgs->IsReturned(block)) {
      continue;
    }
    global->allgs->GiveBack(block);
    n += kBlock;
  }
  return n;
}

void GfPurge(GFreeLocal* local, GFreeGlobal* global) {
  for (GFreeList& list : local->of) {
    PutGlobal(global, list.gs, list.n);
    list.n = 0;
  }
}

}  // namespace heddle::sched
