// Free Gs: dead goroutines kept for reuse, with their stacks where those have
// the size that new goroutines get. A list per P without a lock, and a global
// one that the Ps spill to and refill from in batches.
//
//   P's list reaches kGFreeSpill (64)   -> spills until it holds 31
//   P's list empty, global one is not   -> refills up to kGFreeBatch (32),
//                                          Gs with stacks first
//
// A free stack is poisoned for AddressSanitizer; its reuse is announced to the
// others, where Go calls racemalloc, msanmalloc and asanunpoison.
//
// Source: Go 1.21's gfput and gfget; sched.gFree.

#ifndef RUNTIME_SCHED_GFREE_H_
#define RUNTIME_SCHED_GFREE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "runtime/base/relaxed.h"
#include "runtime/os/lock.h"
#include "runtime/sched/g.h"
#include "runtime/sched/gqueue.h"
#include "runtime/stack/stack_pool.h"

namespace heddle::sched {

inline constexpr int32_t kGFreeSpill = 64;
inline constexpr int32_t kGFreeBatch = 32;

// A P's free Gs. Its owner's; n is read by anyone, as a guess.
struct GFreeLocal {
  GList<G> list;
  base::Relaxed<int32_t> n{0};
};

// A runtime's. Thread-safe.
struct GFreeGlobal {
  os::Lock lock{os::LockRank::kGfree};
  GList<G> with_stack ABSL_GUARDED_BY(lock);
  GList<G> no_stack ABSL_GUARDED_BY(lock);
  // Written under lock; read by anyone, as a guess.
  std::atomic<int32_t> n{0};
};

// What the two functions work on. `local` and `cache` are null on a thread
// without a P.
struct GFreeEnv {
  GFreeLocal* local;
  GFreeGlobal* global;
  stack::StackPool* pool;
  stack::StackCache* cache;
};

// Takes a dead G, null if there is none. If it has a stack, its size is
// `stack_size`; if it has none (stack.hi == 0), the caller gives it one.
G* GfGet(const GFreeEnv& env, size_t stack_size);

// Gives a dead G back. A stack of another size than `stack_size` is freed.
void GfPut(const GFreeEnv& env, G* gp, size_t stack_size);

// Moves all of `local` to the global list, as when its P goes away. (gfpurge)
void GfPurge(GFreeLocal* local, GFreeGlobal* global);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GFREE_H_
