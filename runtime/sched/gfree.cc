#include "runtime/sched/gfree.h"

#include <algorithm>

#include "absl/base/optimization.h"
#include "runtime/sanitizer/stack_hooks.h"

namespace heddle::sched {
namespace {

// Adds the n Gs from `gs` on.
void PutGlobal(GFreeGlobal* global, G* const* gs, int32_t n) {
  os::LockGuard guard(global->lock);
  for (int32_t i = 0; i < n; i++) {
    const size_t number = global->allgs->IndexOf(gs[i]);
    base::BitPool& pool =
        gs[i]->stack.lo == 0 ? global->no_stack : global->with_stack;
    pool.Reserve(number + 1);
    pool.Add(number);
  }
  global->n.fetch_add(n, std::memory_order_relaxed);
}

// Takes the lowest; not when there are none.
G* TakeLowest(GFreeGlobal* global) ABSL_EXCLUSIVE_LOCKS_REQUIRED(global->lock) {
  base::BitPool& pool =
      global->with_stack.empty() ? global->no_stack : global->with_stack;
  const size_t number = pool.First();
  if (&pool == &global->no_stack)
    global->allgs->TakeBack(number / AllGs::kBlock);
  pool.Remove(number);
  return (*global->allgs)[number];
}

// Takes up to n into `gs`, the lowest last; returns how many.
int32_t TakeGlobal(GFreeGlobal* global, G** gs, int32_t n) {
  os::LockGuard guard(global->lock);
  n = std::min(n, global->n.load(std::memory_order_relaxed));
  for (int32_t i = n - 1; i >= 0; i--) gs[i] = TakeLowest(global);
  global->n.fetch_sub(n, std::memory_order_relaxed);
  return n;
}

// With so many free Gs, they are not in a core's own caches.
constexpr int32_t kColdGs = 2048;

// With many goroutines each G, and the top of each stack, where the go
// statement writes, is a miss: those that come soon are fetched while others
// are made.
void Prefetch(const GFreeLocal& local) {
  constexpr int kStackLines = 5;
  const int32_t n = local.n;
  if (n >= 4) {
    const char* gp = reinterpret_cast<const char*>(local.gs[n - 4]);
    for (size_t i = 0; i < sizeof(G); i += ABSL_CACHELINE_SIZE) {
      __builtin_prefetch(gp + i, 1);
    }
  }
  // First one line, for the TLB, then the rest.
  const auto fetch = [](const G* gp, int lines) {
    const char* top =
        reinterpret_cast<const char*>(gp->stack.hi - StackColor(gp->stack));
    for (int i = 1; i <= lines; i++) {
      __builtin_prefetch(top - i * ABSL_CACHELINE_SIZE, 1);
    }
  };
  if (n >= 3) fetch(local.gs[n - 3], 1);
  if (n >= 1) fetch(local.gs[n - 1], kStackLines);
}

G* PopAny(const GFreeEnv& env) {
  GFreeLocal* local = env.local;
  if (local == nullptr) {
    G* gp = nullptr;
    if (env.global->n.load(std::memory_order_relaxed) != 0) {
      TakeGlobal(env.global, &gp, 1);
    }
    return gp;
  }
  if (local->n == 0) {
    if (env.global->n.load(std::memory_order_relaxed) == 0) return nullptr;
    local->n = TakeGlobal(env.global, local->gs, kGFreeBatch);
    if (local->n == 0) return nullptr;
  }
  local->n = local->n - 1;
  G* gp = local->gs[local->n];
  if (env.global->n.load(std::memory_order_relaxed) > kColdGs) Prefetch(*local);
  return gp;
}

void FreeStack(const GFreeEnv& env, G* gp) {
  env.pool->Free(env.cache, gp->stack);
  gp->stack = stack::Stack();
}

}  // namespace

G* GfGet(const GFreeEnv& env, size_t stack_size) {
  G* gp = PopAny(env);
  if (gp == nullptr || gp->stack.lo == 0) return gp;
  sanitizer::RaceMalloc(gp->stack.lo, gp->stack.size());
  sanitizer::MsanMalloc(gp->stack.lo, gp->stack.size());
  sanitizer::AsanUnpoison(gp->stack.lo, gp->stack.size());
  // It was the right size when it was put here, but may be no longer.
  if (gp->stack.size() != stack_size) FreeStack(env, gp);
  return gp;
}

void GfPut(const GFreeEnv& env, G* gp, size_t stack_size) {
  if (ReadGStatus(gp) != GStatus::kDead) {
    base::Throw("gfput: bad status (not Gdead)");
  }
  if (gp->stack.lo != 0) {
    if (gp->stack.size() != stack_size) {
      FreeStack(env, gp);
    } else {
      sanitizer::RaceFree(gp->stack.lo, gp->stack.size());
      sanitizer::AsanPoison(gp->stack.lo, gp->stack.size());
    }
  }
  GFreeLocal* local = env.local;
  if (local == nullptr) {
    PutGlobal(env.global, &gp, 1);
    return;
  }
  local->gs[local->n] = gp;
  local->n = local->n + 1;
  if (local->n == kGFreeSpill) {
    constexpr int32_t kSpilled = kGFreeSpill - (kGFreeBatch - 1);
    PutGlobal(env.global, local->gs, kSpilled);
    std::copy(local->gs + kSpilled, local->gs + kGFreeSpill, local->gs);
    local->n = kGFreeBatch - 1;
  }
}

void GfPurge(GFreeLocal* local, GFreeGlobal* global) {
  PutGlobal(global, local->gs, local->n);
  local->n = 0;
}

}  // namespace heddle::sched
