#include "heddle/runtime/sched/gfree.h"

#include <algorithm>

#include "absl/base/optimization.h"
#include "heddle/runtime/base/prefetch.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::sched {
namespace {

void AddTo(GFreeGlobal* global, GFreeKind kind, size_t number)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(global->lock) {
  global->of[kind].Reserve(number + 1);
  global->of[kind].Add(number);
}

// After a change of of[kind].
void NoteSize(GFreeGlobal* global, GFreeKind kind)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(global->lock) {
  const size_t n = global->of[kind].size();
  global->n_of[kind] = static_cast<int32_t>(n);
  global->least[kind] = std::min(global->least[kind], n);
}

// Adds the n Gs from `gs` on, which are of one kind.
void PutGlobal(GFreeGlobal* global, GFreeKind kind, G* const* gs, int32_t n) {
  os::LockGuard guard(global->lock);
  for (int32_t i = 0; i < n; i++) {
    AddTo(global, kind, global->allgs->IndexOf(gs[i]));
  }
  NoteSize(global, kind);
}

// Takes up to n, kGFreeBatch at most, into `gs`, the lowest last. Returns how
// many.
int32_t TakeGlobal(GFreeGlobal* global, GFreeKind kind, G** gs, int32_t n) {
  size_t numbers[kGFreeBatch];
  os::LockGuard guard(global->lock);
  n = static_cast<int32_t>(global->of[kind].TakeFirst(n, numbers));
  for (int32_t i = 0; i < n; i++) {
    if (kind == kGFreeNoStack) {
      global->allgs->TakeBack(numbers[i] / AllGs::kBlock);
    }
    gs[n - 1 - i] = (*global->allgs)[numbers[i]];
  }
  NoteSize(global, kind);
  return n;
}

// With many goroutines each G, and the top of each stack, where the go
// statement may write, is a miss: those that come soon are fetched while others
// are made.
void Prefetch(const GFreeList& list, bool stacks) {
  constexpr size_t kTop = 5 * ABSL_CACHELINE_SIZE;
  const auto fetch_top = [](const stack::Stack& s, size_t bytes) {
    base::PrefetchForWrite(s.hi - StackColor(s) - bytes, bytes);
  };
  const int32_t n = list.n;
  if (n >= 4) {
    base::PrefetchForWrite(reinterpret_cast<uintptr_t>(list.gs[n - 4]),
                           sizeof(G));
  }
  if (!stacks) return;
  // First one line, for the TLB, then the rest.
  if (n >= 3) fetch_top(list.gs[n - 3]->stack, ABSL_CACHELINE_SIZE);
  if (n >= 1) fetch_top(list.gs[n - 1]->stack, kTop);
}

// Takes one of this kind. `stack`: its stack is used at once.
G* Pop(const GFreeEnv& env, GFreeKind kind, bool stack) {
  const int32_t more = env.global->n_of[kind];
  if (env.local == nullptr) {
    G* gp = nullptr;
    if (more != 0) TakeGlobal(env.global, kind, &gp, 1);
    return gp;
  }
  env.local->cold = more > kColdGs;
  GFreeList& list = env.local->of[kind];
  if (list.n == 0) {
    if (more == 0) return nullptr;
    list.n = TakeGlobal(env.global, kind, list.gs, kGFreeBatch);
    if (list.n == 0) return nullptr;
  }
  G* gp = list.Pop();
  if (more > kColdGs) Prefetch(list, stack);
  return gp;
}

// A word of a BitPool: all Gs of a block are in it.
constexpr uint64_t kWholeBlock = ~uint64_t{0};
static_assert(AllGs::kBlock == base::BitPool::kWordBits);

void FreeStack(const GFreeEnv& env, G* gp) {
  env.pool->Free(env.cache, gp->stack);
  gp->stack = stack::Stack();
}

// gp's stack, if it has one, is used again. It was of the right size when it
// was put here, but may be no longer.
G* Reuse(const GFreeEnv& env, G* gp, size_t stack_size) {
  if (gp == nullptr || !gp->stack) return gp;
  NoteReuse(gp->stack);
  if (gp->stack.size() != stack_size) FreeStack(env, gp);
  return gp;
}

}  // namespace

G* GfGet(const GFreeEnv& env, size_t stack_size) {
  G* gp = Pop(env, GFreeKindOf(stack_size), /*stack=*/true);
  if (gp == nullptr) return Pop(env, kGFreeNoStack, /*stack=*/false);
  return Reuse(env, gp, stack_size);
}

G* GfGetBare(const GFreeEnv& env, size_t stack_size) {
  G* gp = Pop(env, kGFreeNoStack, /*stack=*/false);
  if (gp != nullptr) return gp;
  const GFreeKind kind = GFreeKindOf(stack_size);
  if (env.local != nullptr && env.local->of[kind].n <= kGFreeStacksLeft &&
      env.global->n_of[kind] == 0) {
    return nullptr;
  }
  return Reuse(env, Pop(env, kind, /*stack=*/false), stack_size);
}

stack::Stack GfTakeStack(const GFreeEnv& env, size_t stack_size, bool* canary) {
  G* gp =
      Reuse(env, Pop(env, GFreeKindOf(stack_size), /*stack=*/true), stack_size);
  if (gp == nullptr) return stack::Stack();
  const stack::Stack stack = StackOf(gp, canary);
  GfPut(env, gp, stack_size);
  return stack;
}

void GfPut(const GFreeEnv& env, G* gp, size_t stack_size) {
  if (ReadGStatus(gp) != GStatus::kDead) {
    base::Throw("gfput: bad status (not Gdead)");
  }
  size_t size = gp->stack.size();
  if (size != 0 && !GfKeeps(size, stack_size)) {
    FreeStack(env, gp);
    size = 0;
  } else if (size > kKeptOfFree) {
    stack::GiveBack(gp->stack.lo, gp->stack.hi - kKeptOfFree);
  }
  const GFreeKind kind = GFreeKindOf(size);
  if (env.local == nullptr) {
    if (size != 0) NoteFree(gp->stack);
    PutGlobal(env.global, kind, &gp, 1);
    return;
  }
  GfPutLocal(env.local, gp);
  GFreeList& list = env.local->of[kind];
  if (list.n == list.spill) {
    const int32_t spilled = list.spill - list.keep;
    PutGlobal(env.global, kind, list.gs, spilled);
    std::copy(list.gs + spilled, list.gs + list.spill, list.gs);
    list.n = list.keep;
  }
}

IdleGs MarkIdle(GFreeGlobal* global) {
  os::LockGuard guard(global->lock);
  IdleGs idle;
  for (int kind = 0; kind < kNumGFreeKinds; kind++) {
    idle.of[kind] = static_cast<int32_t>(global->least[kind]);
    global->least[kind] = global->of[kind].size();
  }
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
    base::BitPool& with_stack = global->of[kind];
    for (; n < std::min(max, kAtOnce) && !with_stack.empty(); n++) {
      numbers[n] = with_stack.Last();
      with_stack.Remove(numbers[n]);
    }
    NoteSize(global, kind);
  }
  // Unmaps now and then.
  for (int32_t i = 0; i < n; i++) {
    G* gp = (*global->allgs)[numbers[i]];
    pool->Free(nullptr, gp->stack);
    gp->stack = stack::Stack();
  }
  os::LockGuard guard(global->lock);
  for (int32_t i = 0; i < n; i++) AddTo(global, kGFreeNoStack, numbers[i]);
  NoteSize(global, kGFreeNoStack);
  return n;
}

int32_t FreeGs(GFreeGlobal* global, int32_t max) {
  constexpr int32_t kBlock = static_cast<int32_t>(AllGs::kBlock);
  int32_t n = 0;
  os::LockGuard guard(global->lock);
  for (size_t block = global->allgs->size() / AllGs::kBlock;
       block-- > 0 && n + kBlock <= max;) {
    if (global->of[kGFreeNoStack].Word(block) != kWholeBlock ||
        global->allgs->IsReturned(block)) {
      continue;
    }
    global->allgs->GiveBack(block);
    n += kBlock;
  }
  return n;
}

void GfPurge(GFreeLocal* local, GFreeGlobal* global) {
  for (int kind = 0; kind < kNumGFreeKinds; kind++) {
    GFreeList& list = local->of[kind];
    if (list.n == 0) continue;
    PutGlobal(global, static_cast<GFreeKind>(kind), list.gs, list.n);
    list.n = 0;
  }
}

}  // namespace heddle::sched
