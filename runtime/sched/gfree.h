// Free Gs: dead goroutines kept for reuse, with their stacks where those have
// the size that new goroutines get. A few for each P, without a lock, and a
// global pool that the Ps spill to and refill from in batches.
//
//   P's reach kGFreeSpill (64)    -> spill the 33 that have lain longest
//   P's are used up, global's not -> refill up to kGFreeBatch (32), Gs with
//                                    stacks first
//
// Stacks of the smallest size are kept as well, apart: a program that asks for
// them asks again, and what they share is a page, not a size.
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

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "runtime/base/bit_pool.h"
#include "runtime/base/relaxed.h"
#include "runtime/os/lock.h"
#include "runtime/sanitizer/stack_hooks.h"
#include "runtime/sched/all_gs.h"
#include "runtime/sched/g.h"
#include "runtime/stack/stack_pool.h"

namespace heddle::sched {

inline constexpr int32_t kGFreeSpill = 64;
inline constexpr int32_t kGFreeBatch = 32;

// A free stack keeps this much of its memory, from the top down: a goroutine
// that once went deep does not leave that to those after it.
inline constexpr size_t kKeptOfFree = size_t{64} << 10;

// What free Gs are kept apart by.
enum GFreeKind : uint8_t {
  kGFreeStarting,  // with a stack of the starting size, as it was then
  kGFreeSmall,     // with one of kMinStack
  kNumGFreeKinds,
};
inline GFreeKind GFreeKindOf(size_t stack_size) {
  return stack_size == stack::kMinStack ? kGFreeSmall : kGFreeStarting;
}

// A P's free Gs of a kind, and some without a stack: the first n, the last one
// back last. Its owner's; n is read by anyone, as a guess.
struct GFreeList {
  base::Relaxed<int32_t> n{0};
  G* gs[kGFreeSpill];
};
struct GFreeLocal {
  GFreeList of[kNumGFreeKinds];

  int32_t n() const { return of[kGFreeStarting].n + of[kGFreeSmall].n; }
};

// A runtime's. Thread-safe.
struct GFreeGlobal {
  explicit GFreeGlobal(AllGs* allgs) : allgs(allgs) {}

  AllGs* const allgs;
  os::Lock lock{os::LockRank::kGfree};
  // Numbers of Gs in allgs.
  base::BitPool with_stack[kNumGFreeKinds] ABSL_GUARDED_BY(lock);
  base::BitPool no_stack ABSL_GUARDED_BY(lock);
  // Of all. Written under lock; read by anyone, as a guess.
  std::atomic<int32_t> n{0};
  // The fewest since MarkIdle.
  size_t least_with_stack[kNumGFreeKinds] ABSL_GUARDED_BY(lock) = {};
  size_t least_no_stack ABSL_GUARDED_BY(lock) = 0;
};

// What the two functions work on. `local` and `cache` are null on a thread
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
// the caches. By a hash of the page number (Knuth's multiplicative one); not
// for stacks that are small.
inline uintptr_t StackColor(const stack::Stack& s) {
  constexpr size_t kSmall = size_t{16} << 10;
  constexpr int kPageBits = 12;
  constexpr int kColorBits = 4;
  if (s.size() < kSmall) return 0;
  const auto page = static_cast<uint32_t>(s.lo >> kPageBits);
  return (page * 0x9e3779b1u >> (32 - kColorBits)) * ABSL_CACHELINE_SIZE;
}

// With so many free Gs, they are not in a core's own caches.
inline constexpr int32_t kColdGs = 2048;

// What the sanitizers are told of a stack that is used again, and of one that
// is free.
inline void NoteReuse(const stack::Stack& s) {
  sanitizer::RaceMalloc(s.lo, s.size());
  sanitizer::MsanMalloc(s.lo, s.size());
  sanitizer::AsanUnpoison(s.lo, s.size());
}
inline void NoteFree(const stack::Stack& s) {
  sanitizer::RaceFree(s.lo, s.size());
  sanitizer::AsanPoison(s.lo, s.size());
}

// Takes a dead G, or one in its first state (idle); null if there is none. If
// it has a stack, its size is `stack_size`; if it has none (stack.hi == 0), the
// caller gives it one.
G* GfGet(const GFreeEnv& env, size_t stack_size);

// Gives a dead G back. A stack that is neither of `stack_size` nor of kMinStack
// is freed.
void GfPut(const GFreeEnv& env, G* gp, size_t stack_size);

// The usual case of GfGet, in the caller's code: of `local`, a G that has such
// a stack. Null: GfGet is to be asked.
inline G* GfGetLocal(GFreeLocal* local, const GFreeGlobal& global,
                     size_t stack_size) {
  GFreeList& list = local->of[GFreeKindOf(stack_size)];
  if (list.n == 0 || global.n.load(std::memory_order_relaxed) > kColdGs) {
    return nullptr;
  }
  G* gp = list.gs[list.n - 1];
  if (gp->stack.size() != stack_size) return nullptr;
  list.n = list.n - 1;
  NoteReuse(gp->stack);
  return gp;
}

// And of GfPut: whether that only adds gp to `local`, and neither frees a
// stack, nor gives memory back, nor spills; and that.
inline bool GfPutIsLocal(const GFreeLocal& local, const G* gp,
                         size_t stack_size) {
  const size_t size = gp->stack.size();
  return (size == stack_size || size == stack::kMinStack) &&
         size <= kKeptOfFree && local.of[GFreeKindOf(size)].n + 1 < kGFreeSpill;
}
inline void GfPutLocal(GFreeLocal* local, G* gp) {
  NoteFree(gp->stack);
  GFreeList& list = local->of[GFreeKindOf(gp->stack.size())];
  list.gs[list.n] = gp;
  list.n = list.n + 1;
}

// Moves all of `local` to the global list, as when its P goes away. (gfpurge)
void GfPurge(GFreeLocal* local, GFreeGlobal* global);

// How many Gs of the global pool nobody has needed since the last call: such
// with stacks, and such without.
struct IdleGs {
  int32_t with_stack[kNumGFreeKinds];
  int32_t no_stack;
};
IdleGs MarkIdle(GFreeGlobal* global);

// Frees the stacks of up to `max` Gs of the global pool. Returns of how many, 0
// when there are none of this kind left. No report is under way, here and in
// FreeGs.
int32_t FreeStacks(GFreeGlobal* global, GFreeKind kind, stack::StackPool* pool,
                   int32_t max);

// Gives the memory of Gs without stacks back, by whole blocks, of up to `max`
// Gs. Returns of how many, 0 when there are none left.
int32_t FreeGs(GFreeGlobal* global, int32_t max);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GFREE_H_
