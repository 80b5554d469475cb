// StackCache: the free stacks that one P keeps to itself. Go's
// mcache.stackcache.
//
// Used by the P's owner only, so it needs no lock. Each order holds up to
// kCapacity stacks; an empty one is refilled with half of that from the pool
// and a full one releases half, so that a goroutine that starts and ends at the
// edge does not take the pool's lock each time.
//
// Differences from Go: the limit is a number of stacks and not 32 KiB, which
// would be 16 stacks of Go's smallest order; and the stacks stand in an array
// rather than in a list through their own memory, so that a stack which was
// fetched but not yet used has no page touched.
//
// Each cache serves one pool all its life.

#ifndef RUNTIME_STACK_STACK_CACHE_H_
#define RUNTIME_STACK_STACK_CACHE_H_

#include <cstddef>
#include <cstdint>

#include "heddle/runtime/base/relaxed.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/stack/stack.h"

namespace heddle::stack {

class StackPool;

class StackCache {
 public:
  // Stacks of one order, at most.
  static constexpr int kCapacity = 32;

  StackCache() = default;
  StackCache(const StackCache&) = delete;
  StackCache& operator=(const StackCache&) = delete;
  // It must have been flushed.
  ~StackCache() { HEDDLE_DCHECK(bytes() == 0); }

  // Gives all stacks to the pool they came from. (stackcache_clear)
  void Flush(StackPool* pool);

  // How many stacks of `order` are here, and how many bytes they all have. For
  // anyone; a guess, but for the owner.
  int count(int order) const { return lists_[order].count; }
  size_t bytes() const;

 private:
  friend class StackPool;

  struct List {
    base::Relaxed<int> count{0};
    uintptr_t lo[kCapacity];  // [0, count), the last one in on top
  };

  Stack Pop(int order) {
    List& list = lists_[order];
    list.count = list.count - 1;
    const uintptr_t lo = list.lo[list.count];
    return {lo, lo + SizeOf(order)};
  }
  void Push(int order, Stack stack) {
    List& list = lists_[order];
    list.lo[list.count] = stack.lo;
    list.count = list.count + 1;
  }

  List lists_[kNumOrders];
};

}  // namespace heddle::stack

#endif  // RUNTIME_STACK_STACK_CACHE_H_
