#include "runtime/sched/gfree.h"

#include "runtime/sanitizer/stack_hooks.h"

namespace heddle::sched {
namespace {

// Moves Gs from the head of `local` to `global` until `local` holds `keep`.
void Spill(GFreeLocal* local, GFreeGlobal* global, int32_t keep) {
  GQueue<G> with_stack;
  GQueue<G> no_stack;
  int32_t moved = 0;
  while (local->n > keep) {
    G* gp = local->list.Pop();
    local->n = local->n - 1;
    (gp->stack.lo == 0 ? no_stack : with_stack).Push(gp);
    moved++;
  }
  os::LockGuard guard(global->lock);
  global->no_stack.PushAll(&no_stack);
  global->with_stack.PushAll(&with_stack);
  global->n.fetch_add(moved, std::memory_order_relaxed);
}

G* PopGlobal(GFreeGlobal* global) ABSL_EXCLUSIVE_LOCKS_REQUIRED(global->lock) {
  G* gp = global->with_stack.Pop();
  if (gp == nullptr) gp = global->no_stack.Pop();
  if (gp != nullptr) global->n.fetch_sub(1, std::memory_order_relaxed);
  return gp;
}

void Refill(GFreeLocal* local, GFreeGlobal* global) {
  os::LockGuard guard(global->lock);
  while (local->n < kGFreeBatch) {
    G* gp = PopGlobal(global);
    if (gp == nullptr) return;
    local->list.Push(gp);
    local->n = local->n + 1;
  }
}

G* PopAny(const GFreeEnv& env) {
  if (env.local == nullptr) {
    if (env.global->n.load(std::memory_order_relaxed) == 0) return nullptr;
    os::LockGuard guard(env.global->lock);
    return PopGlobal(env.global);
  }
  if (env.local->list.empty() &&
      env.global->n.load(std::memory_order_relaxed) != 0) {
    Refill(env.local, env.global);
  }
  G* gp = env.local->list.Pop();
  if (gp != nullptr) env.local->n = env.local->n - 1;
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
  if (env.local == nullptr) {
    GFreeLocal one;
    one.list.Push(gp);
    one.n = 1;
    Spill(&one, env.global, 0);
    return;
  }
  env.local->list.Push(gp);
  env.local->n = env.local->n + 1;
  if (env.local->n >= kGFreeSpill) {
    Spill(env.local, env.global, kGFreeBatch - 1);
  }
}

void GfPurge(GFreeLocal* local, GFreeGlobal* global) {
  if (local->n > 0) Spill(local, global, 0);
}

}  // namespace heddle::sched
