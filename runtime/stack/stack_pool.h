// StackPool: stackalloc and stackfree, and the pools behind the Ps' caches.
//
//   Alloc ─ small: the caller's StackCache ⇄ half a cache ⇄ the order's spans
//         └ large (over 512 KiB): free large stacks of that size, or mmap
//
// One per runtime; it owns all the memory, and its end unmaps it. Each order
// has a lock of its own, as in Go, and the large stacks have one; none is held
// together with another one of these, and system calls are made under them, but
// for guards: those are most of what new stacks cost here, and Ps that need
// some do not wait for each other.
//
// Memory goes back to the system when all of a span is free and the order has
// another free span to spare (one is kept, or a program at the edge would map
// and unmap at each step), and when a size has kMaxFreeLarge large stacks free.
// A large stack that is kept gives its pages back, save for the top ones. What
// single free stacks have is given back by Return, which the scheduler calls.
//
// Guards by mprotect cut a mapping in two each; when three quarters of the
// mappings that a process may have are used up, or the system refuses, stacks
// get no guard page any more, but a canary (canary.h); a line on standard error
// says so once.
//
// Differences from Go: there is no garbage collector to wait for, so spans are
// returned at once; stacks have a guard page; the sizes end at 1 GiB.
//
// Poison: a free stack, in a cache or here, is poisoned for ASan and its
// accesses are ordered for TSan (runtime/sanitizer/stack_hooks.h).

#ifndef RUNTIME_STACK_STACK_POOL_H_
#define RUNTIME_STACK_STACK_POOL_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/stack/canary.h"
#include "heddle/runtime/stack/memory.h"
#include "heddle/runtime/stack/span.h"
#include "heddle/runtime/stack/stack.h"
#include "heddle/runtime/stack/stack_cache.h"

namespace heddle::stack {

class StackPool {
 public:
  // What the pool has, at about one moment. "Taken" counts what callers and
  // caches have: in use is taken less the caches' bytes().
  struct Stats {
    size_t taken_stacks = 0;
    size_t taken_bytes = 0;
    // Free, with their guards, ready to be taken; and of these, those whose
    // memory was given back.
    size_t free_stacks = 0;
    size_t free_bytes = 0;
    size_t returned_stacks = 0;
    size_t returned_bytes = 0;
    size_t mapped_bytes = 0;  // of address space
    size_t spans = 0;
    // Stacks that exist, in use or not: with a guard page, and with a canary.
    size_t guarded_stacks = 0;
    size_t canary_stacks = 0;
  };

  // Free large stacks kept for each size.
  static constexpr int kMaxFreeLarge = 2;
  // What a free large stack keeps of its memory, from the top down, in bytes.
  static constexpr size_t kKeptOfFreeLarge = size_t{64} << 10;

  // Guards of the best kind that the kernel has, or of the given one (where
  // that fails, mprotect is used all the same).
  StackPool() : StackPool(ProbeGuardKind()) {}
  explicit StackPool(GuardKind kind);
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;
  // Unmaps every stack, also those in use: no context may be left on one.
  ~StackPool();

  // A stack of exactly `size` bytes, its contents undefined. `cache` is that of
  // the P which the calling thread owns, or null. If NeedsCanary(size), it is
  // the caller's to write. InvalidArgument if `size` is not a power of two from
  // kMinStack to kMaxStack; ResourceExhausted if the system gives no memory.
  // (runtime.stackalloc)
  absl::StatusOr<Stack> Alloc(StackCache* cache, size_t size);

  // As Alloc, of what is in `cache`, in a few nanoseconds and with any lock
  // held; none if that has none of this size.
  static Stack AllocCached(StackCache* cache, size_t size);

  // Takes back a stack of Alloc's, which no context may use any more; throws if
  // it is none of this pool's in use (of one that goes to the cache, that is
  // found out when it comes to the pool). (runtime.stackfree)
  void Free(StackCache* cache, Stack stack);

  // Whether a stack of `size` bytes may have no guard page.
  bool NeedsCanary(size_t size) const {
    return !HasGuard(size) || guards_used_up_.load(std::memory_order_relaxed);
  }

  // Gives memory of free stacks back to the system, of up to `max` that nobody
  // has needed between the last two calls of MarkIdle, and returns of how many.
  // Of all, if that is not what one wants to wait for.
  size_t Return(size_t max);
  size_t ReturnAll();
  void MarkIdle();

  GuardKind guard_kind() const { return kind_; }
  Stats stats() const;

 private:
  friend class StackCache;

  struct alignas(64) Order {  // a cache line of its own: see the locks
    mutable os::Lock lock{os::LockRank::kStackPool};
    SpanSpace space ABSL_GUARDED_BY(lock);
    SpanList spans ABSL_GUARDED_BY(lock);
    // By where they begin.
    absl::flat_hash_map<uintptr_t, Span*> by_base ABSL_GUARDED_BY(lock);
    size_t num_empty ABSL_GUARDED_BY(lock) = 0;     // spans with no stack taken
    size_t cut ABSL_GUARDED_BY(lock) = 0;           // stacks that exist
    size_t guarded ABSL_GUARDED_BY(lock) = 0;       // of these, by a page
    size_t taken ABSL_GUARDED_BY(lock) = 0;         // of these, out
    size_t cached ABSL_GUARDED_BY(lock) = 0;        // free, with memory
    size_t least_cached ABSL_GUARDED_BY(lock) = 0;  // since MarkIdle
    size_t idle ABSL_GUARDED_BY(lock) = 0;          // that Return may return
  };
  struct Large;
  static constexpr int kNumLarge =
      std::bit_width(kMaxStack) - std::bit_width(kMaxSmallStack);
  struct alignas(64) LargePool {
    mutable os::Lock lock{os::LockRank::kStackLarge};
    Large* all ABSL_GUARDED_BY(lock) = nullptr;
    Large* free[kNumLarge] ABSL_GUARDED_BY(lock) = {};
    int num_free[kNumLarge] ABSL_GUARDED_BY(lock) = {};
    size_t taken_stacks ABSL_GUARDED_BY(lock) = 0;
    size_t taken_bytes ABSL_GUARDED_BY(lock) = 0;
    size_t mapped_bytes ABSL_GUARDED_BY(lock) = 0;
  };

  Span::Taken PoolAlloc(Order& o, int order, bool guarded)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(o.lock);
  void PoolFree(Order& o, Stack stack) ABSL_EXCLUSIVE_LOCKS_REQUIRED(o.lock);
  size_t Take(int order, Stack* stacks, size_t n);
  void Guard(Order& o, GuardKind kind, const uintptr_t* pages, size_t n);
  Stack SmallAlloc(StackCache* cache, int order);
  void Refill(StackCache* cache, int order);
  void Release(StackCache* cache, int order, int keep);
  Stack LargeAlloc(size_t size);
  void LargeFree(Stack stack);
  GuardKind GuardToCut();
  void GuardsAreUsedUp(const char* why);
  void Count(Order& o, const Span& span, int sign)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(o.lock);
  size_t ReturnFrom(Order& o, size_t max) ABSL_EXCLUSIVE_LOCKS_REQUIRED(o.lock);
  void UnmapLarge(Large* large) ABSL_EXCLUSIVE_LOCKS_REQUIRED(large_.lock);
  absl::Status OutOfMemory(size_t size, int error) const;

  const GuardKind kind_;
  // By mprotect; and whether there are to be no more.
  std::atomic<size_t> num_mprotected_{0};
  std::atomic<bool> guards_used_up_{false};
  Order orders_[kNumOrders];
  LargePool large_;
};

}  // namespace heddle::stack

#endif  // RUNTIME_STACK_STACK_POOL_H_
