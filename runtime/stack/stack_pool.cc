#include "heddle/runtime/stack/stack_pool.h"

#include <errno.h>

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/sanitizer/stack_hooks.h"

namespace heddle::stack {

static_assert(OrderOf(kMinStack) == 0);
static_assert(OrderOf(kMaxSmallStack) == kNumOrders - 1);
static_assert(SizeOf(kNumOrders - 1) == kMaxSmallStack);
static_assert(StackCache::kCapacity / 2 <= kMaxGuardsAtOnce);

StackPool::StackPool(GuardKind kind) : kind_(kind) {}

StackPool::~StackPool() {
  for (Order& o : orders_) {
    os::LockGuard guard(o.lock);
    while (Span* const span = o.spans.head()) {
      o.spans.Remove(span);
      span->Delete();
    }
    o.by_base.clear();
  }
  os::LockGuard guard(large_.lock);
  while (large_.all != nullptr) UnmapLarge(large_.all);
}

absl::StatusOr<Stack> StackPool::Alloc(StackCache* cache, size_t size) {
  if (!std::has_single_bit(size) || size < kMinStack || size > kMaxStack) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "stack size %d is not a power of two between %d and %d bytes", size,
        kMinStack, kMaxStack));
  }
  // A go statement leaves errno alone.
  const int saved_errno = errno;
  errno = 0;
  const Stack stack = size <= kMaxSmallStack ? SmallAlloc(cache, OrderOf(size))
                                             : LargeAlloc(size);
  if (!stack) return OutOfMemory(size, errno);
  errno = saved_errno;
  sanitizer::NoteReuse(stack.lo, size);
  return stack;
}

Stack StackPool::AllocCached(StackCache* cache, size_t size) {
  if (size > kMaxSmallStack || cache->count(OrderOf(size)) == 0) return {};
  const Stack stack = cache->Pop(OrderOf(size));
  sanitizer::NoteReuse(stack.lo, size);
  return stack;
}

void StackPool::Free(StackCache* cache, Stack stack) {
  const size_t size = stack.size();
  if (!std::has_single_bit(size) || size < kMinStack || size > kMaxStack) {
    base::PrintErr("heddle: stack [%#" PRIxPTR ", %#" PRIxPTR ")\n", stack.lo,
                   stack.hi);
    base::Throw("stack: free of a stack with a bad size");
  }
  if (size > kMaxSmallStack) return LargeFree(stack);
  sanitizer::NoteFree(stack.lo, size);
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
    Stack stack;
    Take(order, &stack, 1);
    return stack;
  }
  if (cache->count(order) == 0) {
    Refill(cache, order);
    if (cache->count(order) == 0) return {};
  }
  return cache->Pop(order);
}

// The kind of guard for the next stack to be cut.
GuardKind StackPool::GuardToCut() {
  if (guards_used_up_.load(std::memory_order_relaxed)) return GuardKind::kNone;
  // Each makes two mappings of one.
  if (kind_ == GuardKind::kMprotect &&
      num_mprotected_.load(std::memory_order_relaxed) >=
          MaxMappings() * 3 / 8) {
    GuardsAreUsedUp("they have used up most of vm.max_map_count");
    return GuardKind::kNone;
  }
  return kind_;
}

void StackPool::GuardsAreUsedUp(const char* why) {
  if (guards_used_up_.exchange(true, std::memory_order_relaxed)) return;
  base::PrintErr(
      "heddle: no more guard pages: %s. Stacks from here on have canaries, "
      "which find an overflow after the fact. Raise vm.max_map_count (%zu), or "
      "use Linux 6.13 or later\n",
      why, MaxMappings());
}

// Takes one stack from the order's spans; none, with errno, when the system
// refuses. (stackpoolalloc)
Span::Taken StackPool::PoolAlloc(Order& o, int order, bool guarded) {
  Span* span = o.spans.available();
  if (span == nullptr) {
    span = Span::New(&o.space, order, o.by_base.size());
    if (span == nullptr) return {};
    o.spans.PushFront(span);
    o.by_base[span->base()] = span;
    o.num_empty++;
  }
  const bool was_empty = span->empty();
  Count(o, *span, -1);
  const Span::Taken taken = span->Take(guarded);
  Count(o, *span, +1);
  o.least_cached = std::min(o.least_cached, o.cached);
  if (was_empty) o.num_empty--;
  if (span->full()) o.spans.BecameFull(span);
  o.taken++;
  return taken;
}

// Takes up to n stacks, kMaxGuardsAtOnce at most, and returns how many: fewer,
// with errno, when the system refuses.
size_t StackPool::Take(int order, Stack* stacks, size_t n) {
  Order& o = orders_[order];
  const GuardKind kind =
      HasGuard(SizeOf(order)) ? GuardToCut() : GuardKind::kNone;
  uintptr_t unguarded[kMaxGuardsAtOnce];
  size_t num_unguarded = 0;
  size_t taken = 0;
  {
    os::LockGuard guard(o.lock);
    for (; taken < n; taken++) {
      const Span::Taken got = PoolAlloc(o, order, kind != GuardKind::kNone);
      if (!got.stack) break;
      if (got.fresh) unguarded[num_unguarded++] = Span::GuardOf(got.stack);
      stacks[taken] = got.stack;
    }
  }
  // Nobody else has these stacks yet.
  if (kind != GuardKind::kNone) Guard(o, kind, unguarded, num_unguarded);
  return taken;
}

// Installs the guards of stacks that count as guarded.
void StackPool::Guard(Order& o, GuardKind kind, const uintptr_t* pages,
                      size_t n) {
  size_t done = 0;
  if (kind == GuardKind::kMadvise && n > 1) done = InstallGuards(pages, n);
  for (; done < n; done++) {
    const int error = InstallGuard(kind, pages[done]);
    if (error == 0) continue;
    GuardsAreUsedUp(strerror(error));
    os::LockGuard guard(o.lock);
    Span* const span = o.by_base[Span::BaseOf(pages[done])];
    Count(o, *span, -1);
    span->NoteUnguarded();
    Count(o, *span, +1);
  }
}

// What `span` has is added to, or taken from, the order's sums.
void StackPool::Count(Order& o, const Span& span, int sign) {
  o.cut += sign * span.num_cut();
  o.cached += sign * span.num_cached();
  o.guarded += sign * span.num_guarded();
  if (kind_ == GuardKind::kMprotect) {
    num_mprotected_.fetch_add(sign * span.num_guarded(),
                              std::memory_order_relaxed);
  }
}

// Gives one stack back to its span. (stackpoolfree)
void StackPool::PoolFree(Order& o, Stack stack) {
  const auto found = o.by_base.find(Span::BaseOf(stack));
  if (found == o.by_base.end()) {
    base::PrintErr("heddle: stack [%#" PRIxPTR ", %#" PRIxPTR ")\n", stack.lo,
                   stack.hi);
    base::Throw("stack: free of another pool's stack");
  }
  Span* const span = found->second;
  const bool was_full = span->full();
  span->Put(stack);
  o.taken--;
  o.cached++;
  if (was_full) o.spans.BecameAvailable(span);
  if (!span->empty()) return;
  if (o.num_empty == 0) {
    o.num_empty++;
    return;
  }
  o.by_base.erase(found);
  o.spans.Remove(span);
  Count(o, *span, -1);
  o.least_cached = std::min(o.least_cached, o.cached);
  o.idle = std::min(o.idle, o.cached);
  span->Delete();
}

size_t StackPool::ReturnFrom(Order& o, size_t max) {
  size_t n = 0;
  for (Span* span = o.spans.head(); span != nullptr && n < max;
       span = SpanList::Next(span)) {
    n += span->Return(max - n);
  }
  o.cached -= n;
  o.least_cached = std::min(o.least_cached, o.cached);
  return n;
}

size_t StackPool::Return(size_t max) {
  size_t n = 0;
  for (Order& o : orders_) {
    os::LockGuard guard(o.lock);
    const size_t wanted = std::min(max - n, o.idle);
    if (wanted == 0) continue;
    const size_t returned = ReturnFrom(o, wanted);
    n += returned;
    o.idle = returned < wanted ? 0 : o.idle - returned;
  }
  return n;
}

size_t StackPool::ReturnAll() {
  size_t n = 0;
  for (Order& o : orders_) {
    os::LockGuard guard(o.lock);
    n += ReturnFrom(o, SIZE_MAX);
    o.idle = 0;
  }
  return n;
}

void StackPool::MarkIdle() {
  for (Order& o : orders_) {
    os::LockGuard guard(o.lock);
    o.idle = std::min(o.least_cached, o.cached);
    o.least_cached = o.cached;
  }
}

// Fills an empty list to half. Less, or nothing, when the system refuses.
// (stackcacherefill)
void StackPool::Refill(StackCache* cache, int order) {
  Stack stacks[StackCache::kCapacity / 2];
  size_t n = Take(order, stacks, std::size(stacks));
  // So that they are popped in the order in which the span gave them.
  while (n > 0) cache->Push(order, stacks[--n]);
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
    const size_t returned = o.cut - o.taken - o.cached;
    s.returned_stacks += returned;
    s.returned_bytes += returned * SizeOf(order);
    s.guarded_stacks += o.guarded;
    s.canary_stacks += o.cut - o.guarded;
    s.spans += o.by_base.size();
    s.mapped_bytes += o.by_base.size() * kSpanSize + o.space.bytes_ahead();
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
