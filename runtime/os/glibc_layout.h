// Where glibc keeps what it knows about a thread: found, not assumed.
//
// A thread that clone(2) starts needs a `struct pthread` as pthread_create
// would make it, and glibc exports no way to make one. What must be known
// comes, in this order of preference, from
//   1. the _thread_db_* descriptors that glibc exports for debuggers;
//   2. a real pthread, the probe, in whose area known values are looked up;
//   3. system calls that name an address in the area (get_robust_list);
//   4. the psABI: on x86-64 the head of the area, which compilers rely on.
// Whatever is missing, or not where another source says, is a fatal error that
// names it and the cure. Checked on glibc 2.36, dynamic and static.
//
// Rejected: a table of offsets per version, which is right until a
// distribution patches one.

#ifndef RUNTIME_OS_GLIBC_LAYOUT_H_
#define RUNTIME_OS_GLIBC_LAYOUT_H_

#include <cstddef>
#include <cstdint>

namespace heddle::os {

// Offsets are in bytes from pthread_self() unless they say otherwise.
// Immutable once FindGlibcLayout has returned.
struct GlibcLayout {
  // sizeof(struct pthread).
  size_t size;
  // From the thread pointer to pthread_self(): 0 on x86-64 (TLS variant II),
  // -size on aarch64 (variant I).
  ptrdiff_t self_from_tp;
  size_t tid;           // pid_t
  size_t list;          // two pointers: a node of glibc's list of stacks
  size_t robust_head;   // struct robust_list_head, after a pointer back
  size_t robust_futex;  // the value of robust_head.futex_offset
  size_t stack_block;   // two words: lowest address and size of the stack
  size_t resolver;      // struct __res_state
  size_t key_block;     // pointers to the values of pthread keys, from malloc
  size_t key_blocks;    // how many

  // libc's own thread_locals in a dynamic program, from the thread pointer.
  // Size 0 in a static one, where they are among the program's.
  ptrdiff_t libc_tls_from_tp;
  size_t libc_tls_size;
  // The one that points to the resolver's state, from the thread pointer.
  ptrdiff_t resolver_pointer_from_tp;

  // glibc's array of pthread keys: where, the size of an element, and the
  // offset of the destructor in it.
  uintptr_t keys;
  size_t key_size;
  size_t key_destructor;
};

// Finds out; throws if this libc is not one that it understands. Starts and
// joins a real pthread, which also tells libc that the process has threads
// (__libc_single_threaded, malloc's locks). Returns 0, or the error number of
// pthread_create.
int FindGlibcLayout(GlibcLayout* layout);

// Prints that `what` is missing from libc, with the cure, and throws.
[[noreturn]] void ThrowUnsupportedLibc(const char* what);

// The calling thread's thread pointer.
inline uintptr_t ThreadPointer() {
  uintptr_t tp = 0;
#if defined(__x86_64__)
  asm volatile("mov %%fs:0, %0" : "=r"(tp));
#elif defined(__aarch64__)
  asm volatile("mrs %0, tpidr_el0" : "=r"(tp));
#endif
  return tp;
}

// The object of type T at `address`.
template <typename T>
T& At(uintptr_t address) {
  return *reinterpret_cast<T*>(address);
}

}  // namespace heddle::os

#endif  // RUNTIME_OS_GLIBC_LAYOUT_H_
