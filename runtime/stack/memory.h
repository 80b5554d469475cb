// The system calls under the stack allocator: address space, guard pages, and
// memory given back.
//
// Guards. MADV_GUARD_INSTALL (Linux 6.13) marks a page in the page tables and
// leaves the mapping whole: a million guards in one mapping, 0.7-1.2 µs each,
// and a third less by process_madvise(2), 32 at once.
// mprotect(PROT_NONE) cuts the mapping in two at each guard: 4.8 µs, and after
// some 32,700 stacks vm.max_map_count (65,530) is used up. So the first is
// used wherever the kernel has it.
//
// Thread-safe; nothing here locks or keeps state.

#ifndef RUNTIME_STACK_MEMORY_H_
#define RUNTIME_STACK_MEMORY_H_

#include <cstddef>
#include <cstdint>

namespace heddle::stack {

enum class GuardKind : uint8_t {
  kMadvise,   // MADV_GUARD_INSTALL
  kMprotect,  // PROT_NONE
  kNone,      // no guard page: the stack has a canary (canary.h)
};

// The system's page in bytes; also the size of a guard.
size_t PageSize();

// The multiple of that which is next to `bytes`, and not less.
inline uintptr_t RoundUpToPage(uintptr_t bytes) {
  return (bytes + PageSize() - 1) / PageSize() * PageSize();
}

// The better kind that this kernel has, found by trying it on one page.
GuardKind ProbeGuardKind();

// Maps `size` bytes of fresh memory, aligned to `align`; both are multiples of
// the page size and `align` is a power of two. Nothing is touched or reserved,
// and huge pages are declined: one would give every stack in it real memory.
// Returns null and sets errno when the system refuses.
void* Map(size_t size, size_t align);

// Unmaps what Map returned, as a whole; throws if the system refuses.
void Unmap(void* start, size_t size);

// The most mappings that a process can have (vm.max_map_count).
size_t MaxMappings();

// Makes touching the page at `page` a SIGSEGV, by `kind` or, where that is
// refused (locked memory, an older kernel), by mprotect. kNone: does nothing.
// Returns 0 or errno.
int InstallGuard(GuardKind kind, uintptr_t page);

// The most that InstallGuards is to be asked for.
inline constexpr size_t kMaxGuardsAtOnce = 32;

// Installs guards of the kind kMadvise by one system call, at these n pages.
// Returns how many, from the first on; 0 where this kernel cannot, or does not
// let us.
size_t InstallGuards(const uintptr_t* pages, size_t n);

// Gives the memory of [lo, hi) back to the system; its contents are lost, its
// addresses stay usable.
void GiveBack(uintptr_t lo, uintptr_t hi);

}  // namespace heddle::stack

#endif  // RUNTIME_STACK_MEMORY_H_
