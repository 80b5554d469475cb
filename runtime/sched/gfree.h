// Free Gs: dead goroutines kept for reuse, with their stacks where those have
// the size that new goroutines get. A few for each P, without a lock, and a
// global pool that the Ps spill to and refill from in batches.
//
//   P's reach kGFreeSpill (64)    -> spill the 33 that have lain longest
//   P's are used up, global's not -> refill up to kGFreeBatch (32)
//
// each for one of three kinds. Gs without a stack are what most go statements
// want (first_run.h), and Gs with one of the starting size are where the stacks
// come from, then. Stacks of the smallest size are kept as well, apart: a
// program that asks for them asks again, and what they share is a page, not a
// size. A P keeps more of those without a stack (1,024, and spills half), as
// these are small: 192 bytes.
//
// A free stack is poisoned for AddressSanitizer; its reuse is announced to the
// others, where Go calls racemalloc, msanmalloc and asanunpoison.
//
// Source: Go 1.21's gfput and gfget; sched.gFree. Differences: no lists. The
// global pool is a set of bits, of which the lowest are taken first: so Gs, and
// their stacks, are used side by side, however they came back (with lists a
// million goroutines that are started again and again lie in an ever more
// random order: 650 ns each to finish, not 250), and what is not needed gathers
// at the end, where it is given back.

#ifndef RUNTIME_SCHED_GFREE_H_
#define RUNTIME_SCHED_GFREE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/base/bit_pool.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/base/prefetch.h"
#include "heddle/runtime/base/relaxed.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/sanitizer/stack_hooks.h"
#include "heddle/runtime/sched/all_gs.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/stack/stack_cache.h"

namespace heddle::sched {

inline constexpr int32_t kGFreeSpill = 64;
inline constexpr int32_t kGFreeBatch = 32;
inline constexpr int32_t kGFreeSpillNoStack = 1024;

// So many of a P's stacks are not taken with their Gs, by go statements, but
// left to those that begin: these would make new ones, one for each G in time.
inline constexpr int32_t kGFreeStacksLeft = 8;

// A free stack keeps this much of its memory, from the top down: a goroutine
// that once went deep does not leave that to those after it.
inline constexpr size_t kKeptOfFree = size_t{64} << 10;

// What free Gs are kept apart by.
enum GFreeKind : uint8_t {
  kGFreeStarting,  // with a stack of the starting size, as it was then
  kGFreeSmall,     // with one of kMinStack
  kGFreeNoStack,
  kNumGFreeKinds,
};
// Whether stacks of `size` are kept with free Gs at all, and not freed.
inline bool GfKeeps(size_t size, size_t starting_size) {
  return size == starting_size || size == stack::kMinStack;
}
// `stack_size`: 0 for no stack.
inline GFreeKind GFreeKindOf(size_t stack_size) {
  if (stack_size == 0) return kGFreeNoStack;
  return stack_size == stack::kMinStack ? kGFreeSmall : kGFreeStarting;
}

// A P's free Gs of a kind: the first n, the last one back last. Its owner's; n
// is read by anyone, as a guess.
struct GFreeList {
  base::Relaxed<int32_t> n{0};
  // Of so many, all but `keep` go to the global pool.
  const int32_t spill;
  const int32_t keep;
  G** const gs;

  // Whether one more does not make it spill.
  bool HasRoom() const { return n + 1 < spill; }
  // The last one back. Not of an empty list.
  G* Last() const { return gs[n - 1]; }
  void Push(G* gp) {
    const int32_t last = n;
    gs[last] = gp;
    n = last + 1;
  }
  G* Pop() {
    const int32_t last = n - 1;
    n = last;
    return gs[last];
  }
};
struct GFreeLocal {
  // Those that were taken last came from so large a global pool that they are
  // not in a core's own caches: who takes one fetches what comes next. Owner's.
  bool cold = false;
  GFreeList of[kNumGFreeKinds] = {
      {.spill = kGFreeSpill, .keep = kGFreeBatch - 1, .gs = starting},
      {.spill = kGFreeSpill, .keep = kGFreeBatch - 1, .gs = small},
      {.spill = kGFreeSpillNoStack,
       .keep = kGFreeSpillNoStack / 2,
       .gs = no_stack},
  };
  G* starting[kGFreeSpill];
  G* small[kGFreeSpill];
  G* no_stack[kGFreeSpillNoStack];

  int32_t n_with_stack() const {
    return of[kGFreeStarting].n + of[kGFreeSmall].n;
  }
  int32_t n() const { return n_with_stack() + of[kGFreeNoStack].n; }
};

// A runtime's. Thread-safe.
struct GFreeGlobal {
  explicit GFreeGlobal(AllGs* all) : allgs(all) {}

  AllGs* const allgs;
  os::Lock lock{os::LockRank::kGfree};
  // Numbers of Gs in allgs.
  base::BitPool of[kNumGFreeKinds] ABSL_GUARDED_BY(lock);
  // How many of[kind] has. Written under lock; read by anyone, as a guess.
  base::Relaxed<int32_t> n_of[kNumGFreeKinds];
  // The fewest since MarkIdle.
  size_t least[kNumGFreeKinds] ABSL_GUARDED_BY(lock) = {};

  int32_t n_with_stack() const {
    return n_of[kGFreeStarting] + n_of[kGFreeSmall];
  }
  int32_t n() const { return n_with_stack() + n_of[kGFreeNoStack]; }
};

// What the functions work on. `local` and `cache` are null on a thread
// without a P.
struct GFreeEnv {
  GFreeLocal* local;
  GFreeGlobal* global;
  stack::StackPool* pool;
  stack::StackCache* cache;
};

// How much of a stack to leave unused at its top, in bytes. Stacks lie at
// multiples of a large power of two: without this, the frames that a thousand
// goroutines touch at each switch would all compete for the same few sets of
// the caches. One line more for each stack than for the one below it: from one
// to the next it is the same step, mostly, which a processor learns, and then
// fetches what comes next itself (by a hash of the address instead, a million
// take half as long again to be switched to). Not for stacks that are small.
inline uintptr_t StackColor(const stack::Stack& s) {
  constexpr size_t kSmall = size_t{16} << 10;
  constexpr uintptr_t kColors = 16;
  if (s.size() < kSmall) return 0;
  const uintptr_t number = s.hi >> std::bit_width(s.size() - 1);
  return number % kColors * ABSL_CACHELINE_SIZE;
}

// With so many free Gs, they are not in a core's own caches.
inline constexpr int32_t kColdGs = 2048;
// Who takes a G fetches the one that is taken so many later.
inline constexpr int32_t kFetchAhead = 3;

// What the sanitizers are told of memory of a goroutine that is used again, and
// of such that is free: of a stack, or of the place for a callable in the G.
inline void NoteReuse(const stack::Stack& s) {
  sanitizer::NoteReuse(s.lo, s.size());
}
inline void NoteFree(const stack::Stack& s) {
  sanitizer::NoteFree(s.lo, s.size());
}
inline void NoteCallableReuse(const G* gp) {
  sanitizer::NoteReuse(reinterpret_cast<uintptr_t>(gp->callable),
                       sizeof gp->callable);
}
inline void NoteCallableFree(const G* gp) {
  sanitizer::NoteFree(reinterpret_cast<uintptr_t>(gp->callable),
                      sizeof gp->callable);
}

// Takes a dead G, or one in its first state (idle); null if there is none. If
// it has a stack, its size is `stack_size`; if it has none (stack.hi == 0), the
// caller gives it one.
G* GfGet(const GFreeEnv& env, size_t stack_size);

// Takes one for who does not need its stack yet: one without, if there is one;
// else, if it has a stack, its size is `stack_size`, the starting one. Null,
// too, if the P's last stacks are left.
G* GfGetBare(const GFreeEnv& env, size_t stack_size);

// Takes a stack of `stack_size`, such as are kept, from a dead G that has one;
// an empty one if there is none. *canary: as G::canary.
stack::Stack GfTakeStack(const GFreeEnv& env, size_t stack_size, bool* canary);

// Gives a dead G back. A stack that is neither of `stack_size` nor of kMinStack
// is freed.
void GfPut(const GFreeEnv& env, G* gp, size_t stack_size);

// Takes gp's stack away. *canary: as G::canary.
inline stack::Stack StackOf(G* gp, bool* canary) {
  *canary = gp->marks.canary();
  return std::exchange(gp->stack, stack::Stack());
}

// The usual case of GfGetBare, in the caller's code: of `local` alone, dead and
// not idle, and without fetching what comes next. Null: it is to be asked.
HEDDLE_INLINE G* GfGetBareLocal(GFreeLocal* local, const GFreeGlobal& global,
                                size_t stack_size) {
  if (local->cold) return nullptr;
  GFreeList& bare = local->of[kGFreeNoStack];
  if (const int32_t n = bare.n; n != 0) {
    // A few hundred do not fit into the first cache.
    if (n > kFetchAhead) {
      base::PrefetchForWrite(
          reinterpret_cast<uintptr_t>(local->no_stack[n - 1 - kFetchAhead]),
          sizeof(G));
    }
    G* const gp = local->no_stack[n - 1];
    if (ReadGStatus(gp) != GStatus::kDead) return nullptr;
    bare.n = n - 1;
    return gp;
  }
  GFreeList& list = local->of[kGFreeStarting];
  if (list.n <= kGFreeStacksLeft || global.n_of[kGFreeNoStack] != 0) {
    return nullptr;
  }
  G* const gp = list.Last();
  if (ReadGStatus(gp) != GStatus::kDead || gp->stack.size() != stack_size) {
    return nullptr;
  }
  NoteReuse(gp->stack);
  return list.Pop();
}
// And of GfPut: whether that only adds gp to `local`, and neither frees a
// stack, nor gives memory back, nor spills; and that.
inline bool GfPutIsLocal(const GFreeLocal& local, const G* gp,
                         size_t stack_size) {
  const size_t size = gp->stack.size();
  return (size == 0 || GfKeeps(size, stack_size)) && size <= kKeptOfFree &&
         local.of[GFreeKindOf(size)].HasRoom();
}
inline void GfPutLocal(GFreeLocal* local, G* gp) {
  if (!gp->stack) return local->of[kGFreeNoStack].Push(gp);
  NoteFree(gp->stack);
  local->of[GFreeKindOf(gp->stack.size())].Push(gp);
}

// And of GfTakeStack, of any size: an empty stack if that is to be asked.
inline stack::Stack GfTakeStackLocal(GFreeLocal* local, size_t stack_size,
                                     bool* canary) {
  GFreeList& list = local->of[GFreeKindOf(stack_size)];
  if (list.n == 0 || !local->of[kGFreeNoStack].HasRoom() ||
      list.Last()->stack.size() != stack_size) {
    return stack::Stack();
  }
  G* const gp = list.Pop();
  NoteReuse(gp->stack);
  const stack::Stack stack = StackOf(gp, canary);
  GfPutLocal(local, gp);
  return stack;
}

// Moves all of `local` to the global list, as when its P goes away. (gfpurge)
void GfPurge(GFreeLocal* local, GFreeGlobal* global);

// How many Gs of the global pool nobody has needed since the last call.
struct IdleGs {
  int32_t of[kNumGFreeKinds];
};
IdleGs MarkIdle(GFreeGlobal* global);

// Frees the stacks of up to `max` Gs of the global pool, of a kind that has
// them. Returns of how many, 0 when there are none of this kind left. No report
// is under way, here and in FreeGs.
int32_t FreeStacks(GFreeGlobal* global, GFreeKind kind, stack::StackPool* pool,
                   int32_t max);

// Gives the memory of Gs without stacks back, by whole blocks, of up to `max`
// Gs. Returns of how many, 0 when there are none left.
int32_t FreeGs(GFreeGlobal* global, int32_t max);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GFREE_H_
