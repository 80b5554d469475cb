// StackPool's large stacks: each has a mapping of its own. Go's stackLarge.
//
//   | header | guard | stack … |
//     a page   a page
//
// The header page holds the list links, as a span's does.

#include <bit>
#include <cinttypes>
#include <cstring>
#include <new>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/sanitizer/stack_hooks.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::stack {
namespace {

// The index of `size` among the large sizes: 0 is 1 MiB.
int LargeIndex(size_t size) {
  return std::bit_width(size) - std::bit_width(kMaxSmallStack) - 1;
}

}  // namespace

struct StackPool::Large {
  const StackPool* owner;
  size_t size;            // of the stack
  Large* next = nullptr;  // in `all`
  Large* prev = nullptr;
  Large* next_free = nullptr;
  bool taken = false;

  size_t mapped() const { return size + 2 * PageSize(); }
  Stack stack() const {
    const uintptr_t lo = reinterpret_cast<uintptr_t>(this) + 2 * PageSize();
    return {lo, lo + size};
  }
};

Stack StackPool::LargeAlloc(size_t size) {
  const int index = LargeIndex(size);
  os::LockGuard guard(large_.lock);
  Large* large = large_.free[index];
  if (large != nullptr) {
    large_.free[index] = large->next_free;
    large_.num_free[index]--;
  } else {
    void* const memory = Map(size + 2 * PageSize(), PageSize());
    if (memory == nullptr) return {};
    const uintptr_t page = reinterpret_cast<uintptr_t>(memory) + PageSize();
    if (const int error = InstallGuard(GuardToCut(), page); error != 0) {
      GuardsAreUsedUp(strerror(error));
    }
    large = new (memory) Large{.owner = this, .size = size};
    large->next = large_.all;
    if (large_.all != nullptr) large_.all->prev = large;
    large_.all = large;
    large_.mapped_bytes += large->mapped();
  }
  large->taken = true;
  large_.taken_stacks++;
  large_.taken_bytes += size;
  return large->stack();
}

void StackPool::LargeFree(Stack stack) {
  auto* const large = reinterpret_cast<Large*>(stack.lo - 2 * PageSize());
  const int index = LargeIndex(stack.size());
  os::LockGuard guard(large_.lock);
  if (large->owner != this || !large->taken || large->stack() != stack) {
    base::PrintErr("heddle: stack [%#" PRIxPTR ", %#" PRIxPTR ")\n", stack.lo,
                   stack.hi);
    base::Throw("stack: free of a stack that is not in use");
  }
  large->taken = false;
  large_.taken_stacks--;
  large_.taken_bytes -= stack.size();
  if (large_.num_free[index] == kMaxFreeLarge) return UnmapLarge(large);
  GiveBack(stack.lo, stack.hi - kKeptOfFreeLarge);
  sanitizer::NoteFree(stack.lo, stack.size());
  large->next_free = large_.free[index];
  large_.free[index] = large;
  large_.num_free[index]++;
}

void StackPool::UnmapLarge(Large* large) {
  (large->prev != nullptr ? large->prev->next : large_.all) = large->next;
  if (large->next != nullptr) large->next->prev = large->prev;
  large_.mapped_bytes -= large->mapped();
  sanitizer::AsanUnpoison(large->stack().lo, large->size);
  Unmap(large, large->mapped());
}

}  // namespace heddle::stack
