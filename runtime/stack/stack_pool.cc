#include "runtime/stack/stack_pool.h"

#include <errno.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "runtime/base/throw.h"
#include "runtime/os/lock.h"
#include "runtime/sanitizer/stack_hooks.h"

namespace heddle::stack {

static_assert(OrderOf(kMinStack) == 0);
static_assert(OrderOf(kMaxSmallStack) == kNumOrders - 1);
static_assert(SizeOf(kNumOrders - 1) == kMaxSmallStack);

StackPool::StackPool(GuardKind kind) : kind_(kind) {}

StackPool::~StackPool() {
  for (Order& o : orders_) {
    os::LockGuard guard(o.lock);
    while (Span* const span = o.spans.head()) {
      o.spans.Remove(span);
      span->Delete();
    }
  }
  os::LockGuard guard(large_.lock);
  while (large_.all != nullptr) UnmapLarge(large_.all);
}

absl::StatusOr<Stack> StackPool::Alloc(StackCache* cache, size_t size) {
  if (!std::has_single_bit(size) || size < std::max(kMinStack, PageSize()) ||
      size > kMaxStack) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "stack size %d is not a power of two between %d and %d bytes", size,
        std::max(kMinStack, PageSize()), kMaxStack));
  }
  // A go statement leaves errno alone.
  const int saved_errno = errno;
  errno = 0;
  const Stack stack = size <= kMaxSmallStack ? SmallAlloc(cache, OrderOf(size))
                                             : LargeAlloc(size);
  if (!stack) return OutOfMemory(size, errno);
  errno = saved_errno;
  sanitizer::RaceMalloc(stack.lo, size);
  sanitizer::MsanMalloc(stack.lo, size);
  sanitizer::AsanUnpoison(stack.lo, size);
  return stack;
}

void StackPool::Free(StackCache* cache, Stack stack) {
  const size_t size = stack.size();
  if (!std::has_single_bit(size) || size < kMinStack || size > kMaxStack) {
    base::PrintErr("heddle: stack [%#x, %#x)\n", stack.lo, stack.hi);
    base::Throw("stack: free of a stack with a bad size");
  }
  if (size > kMaxSmallStack) return LargeFree(stack);
  sanitizer::RaceFree(stack.lo, size);
  sanitizer::AsanPoison(stack.lo, size);
  const int order = OrderOf(size);
  if (cache == nullptr) {
    Order& o = orders_[order];
    os::LockGuard guard(o.lock);
    PoolFree(o, stack);
    return;
  }
  if (cache->count(order) == StackCache::kCapacity) {
    Release(cache, order, StackCache::kCapacity / 2);
  }
  cache->Push(order, stack);
}

Stack StackPool::SmallAlloc(StackCache* cache, int order) {
  if (cache == nullptr) {
    Order& o = orders_[order];
    os::LockGuard guard(o.lock);
    return PoolAlloc(o, order);
  }
  if (cache->count(order) == 0) {
    Refill(cache, order);
    if (cache->count(order) == 0) return {};
  }
  return cache->Pop(order);
}

// Takes one stack from the order's spans; none, with errno, when the system
// refuses. (stackpoolalloc)
Stack StackPool::PoolAlloc(Order& o, int order) {
  Span* span = o.spans.available();
  if (span == nullptr) {
    span = Span::New(this, order);
    if (span == nullptr) return {};
    o.spans.PushFront(span);
    o.num_spans++;
    o.num_empty++;
  }
  const bool was_empty = span->empty();
  o.cut -= span->num_cut();
  const Stack stack = span->Take(kind_);
  o.cut += span->num_cut();
  if (!stack) return {};
  if (was_empty) o.num_empty--;
  if (span->full()) o.spans.BecameFull(span);
  o.taken++;
  return stack;
}

// Gives one stack back to its span. (stackpoolfree)
void StackPool::PoolFree(Order& o, Stack stack) {
  Span* const span = Span::Of(stack);
  if (span->owner() != this) {
    base::PrintErr("heddle: stack [%#x, %#x)\n", stack.lo, stack.hi);
    base::Throw("stack: free of another pool's stack");
  }
  const bool was_full = span->full();
  span->Put(stack);
  o.taken--;
  if (was_full) o.spans.BecameAvailable(span);
  if (!span->empty()) return;
  if (o.num_empty > 0) {
    o.spans.Remove(span);
    o.num_spans--;
    o.cut -= span->num_cut();
    span->Delete();
  } else {
    o.num_empty++;
  }
}

// Fills an empty list to half. Less, or nothing, when the system refuses.
// (stackcacherefill)
void StackPool::Refill(StackCache* cache, int order) {
  Order& o = orders_[order];
  os::LockGuard guard(o.lock);
  StackCache::List& list = cache->lists_[order];
  for (int i = StackCache::kCapacity / 2; i > 0; i--) {
    const Stack stack = PoolAlloc(o, order);
    if (!stack) break;
    cache->Push(order, stack);
  }
  // So that they are popped in the order in which the span gave them.
  std::reverse(list.lo, list.lo + list.count);
}

// Gives the stacks that have been in the cache longest back, and keeps `keep`.
// (stackcacherelease)
void StackPool::Release(StackCache* cache, int order, int keep) {
  StackCache::List& list = cache->lists_[order];
  const int released = list.count - keep;
  if (released <= 0) return;
  {
    Order& o = orders_[order];
    os::LockGuard guard(o.lock);
    for (int i = 0; i < released; i++) {
      PoolFree(o, {list.lo[i], list.lo[i] + SizeOf(order)});
    }
  }
  std::copy(list.lo + released, list.lo + list.count, list.lo);
  list.count = keep;
}

size_t StackCache::bytes() const {
  size_t sum = 0;
  for (int order = 0; order < kNumOrders; order++) {
    sum += lists_[order].count * SizeOf(order);
  }
  return sum;
}

void StackCache::Flush(StackPool* pool) {
  for (int order = 0; order < kNumOrders; order++) {
    pool->Release(this, order, 0);
  }
}

absl::Status StackPool::OutOfMemory(size_t size, int error) const {
  const Stats s = stats();
  return absl::ResourceExhaustedError(absl::StrFormat(
      "no memory for a stack of %d bytes: %s; %d stacks of %d MiB in all are "
      "in use or cached. Raise the limit on address space (ulimit -v), the "
      "number of mappings (sysctl vm.max_map_count) or what the system "
      "promises (sysctl vm.overcommit_memory), or use smaller stacks",
      size, strerror(error), s.taken_stacks, s.taken_bytes >> 20));
}

StackPool::Stats StackPool::stats() const {
  Stats s;
  for (int order = 0; order < kNumOrders; order++) {
    const Order& o = orders_[order];
    os::LockGuard guard(o.lock);
    s.taken_stacks += o.taken;
    s.taken_bytes += o.taken * SizeOf(order);
    s.free_stacks += o.cut - o.taken;
    s.free_bytes += (o.cut - o.taken) * SizeOf(order);
    s.spans += o.num_spans;
    s.mapped_bytes += o.num_spans * kSpanSize;
  }
  os::LockGuard guard(large_.lock);
  s.taken_stacks += large_.taken_stacks;
  s.taken_bytes += large_.taken_bytes;
  s.mapped_bytes += large_.mapped_bytes;
  for (int i = 0; i < kNumLarge; i++) {
    s.free_stacks += large_.num_free[i];
    s.free_bytes += large_.num_free[i] * (kMaxSmallStack << (i + 1));
  }
  return s;
}

}  // namespace heddle::stack
