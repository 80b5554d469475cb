// GetG and SetG: the thread's current G, the one thread-local of the runtime.
//
// A goroutine may go on on another thread after any call that can switch, so
// nothing may remember where this thread's variable lies (DESIGN.md,
// invariant 8). Compilers do remember: to them the address of a thread_local
// is a constant of the function. So the variable is not declared to C++ at all,
// and each access is one asm statement that goes through the thread pointer:
// there is no address for a compiler to keep. getg_disassembly_test proves it
// for each compiler and level found; link-time optimisation included.
//
// Rejected: a call to a function in another file (link-time optimisation sees
// through it, and it costs more than the access); thread_local with a barrier
// after each switch (it must be remembered at each switch, by everybody).
//
// The initial-exec model serves programs, position-independent or static, and
// shared libraries, also dlopened ones: it takes 8 bytes of the static TLS
// reserve that the C library keeps for them.

#ifndef RUNTIME_ARCH_GETG_H_
#define RUNTIME_ARCH_GETG_H_

namespace heddle::arch {

// The value of the last SetG on this thread; null if there was none. Always
// inline, so that no instrumented frame stands around it.
[[gnu::always_inline]] inline void* GetG() {
  void* g;
#if defined(__x86_64__)
  asm volatile(
      "movq heddle_tls_g@gottpoff(%%rip), %0\n\t"
      "movq %%fs:(%0), %0"
      : "=r"(g)
      :
      : "memory");
#elif defined(__aarch64__)
  void* offset;
  asm volatile(
      "adrp %1, :gottprel:heddle_tls_g\n\t"
      "ldr %1, [%1, #:gottprel_lo12:heddle_tls_g]\n\t"
      "mrs %0, tpidr_el0\n\t"
      "ldr %0, [%0, %1]"
      : "=&r"(g), "=&r"(offset)
      :
      : "memory");
#else
#error "heddle's GetG knows x86-64 and aarch64 only"
#endif
  return g;
}

// Makes `g` what GetG returns on this thread, until the next SetG here.
[[gnu::always_inline]] inline void SetG(void* g) {
  void* offset;
#if defined(__x86_64__)
  asm volatile(
      "movq heddle_tls_g@gottpoff(%%rip), %0\n\t"
      "movq %1, %%fs:(%0)"
      : "=&r"(offset)
      : "r"(g)
      : "memory");
#elif defined(__aarch64__)
  void* base;
  asm volatile(
      "adrp %0, :gottprel:heddle_tls_g\n\t"
      "ldr %0, [%0, #:gottprel_lo12:heddle_tls_g]\n\t"
      "mrs %1, tpidr_el0\n\t"
      "str %2, [%1, %0]"
      : "=&r"(offset), "=&r"(base)
      : "r"(g)
      : "memory");
#endif
}

}  // namespace heddle::arch

#endif  // RUNTIME_ARCH_GETG_H_
