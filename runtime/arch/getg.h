// The thread's current G, and its M: the two thread-locals of the runtime.
//
// The G knows its M too. But a thread's M stays, and its P mostly, so what a
// switch asks of them need not wait until it is known which G runs: of a yield
// that was a chain of five loads, each of what had just been stored. One
// variable more took 9 % off a yield, and 2 % off a go statement.
//
// A goroutine may go on on another thread after any call that can switch, so
// nothing may remember where this thread's variables lie (DESIGN.md,
// invariant 8). Compilers do remember: to them the address of a thread_local
// is a constant of the function. So they are not declared to C++ at all, and
// each access is one asm statement that goes through the thread pointer:
// there is no address for a compiler to keep. getg_disassembly_test proves it
// for each compiler and level found; link-time optimisation included.
//
// Rejected: a call to a function in another file (link-time optimisation sees
// through it, and it costs more than the access); thread_local with a barrier
// after each switch (it must be remembered at each switch, by everybody).
//
// The initial-exec model serves programs, position-independent or static, and
// shared libraries, also dlopened ones: the two take 16 bytes of the static TLS
// reserve that the C library keeps for them.

#ifndef RUNTIME_ARCH_GETG_H_
#define RUNTIME_ARCH_GETG_H_

namespace heddle::arch {

// Loads the calling thread's `variable` into `value`, and stores it.
#if defined(__x86_64__)
#define HEDDLE_LOAD_OWN(variable, value)  \
  asm volatile("movq " variable           \
               "@gottpoff(%%rip), %0\n\t" \
               "movq %%fs:(%0), %0"       \
               : "=r"(value)              \
               :                          \
               : "memory")
#define HEDDLE_STORE_OWN(variable, value)    \
  asm volatile("movq " variable              \
               "@gottpoff(%%rip), %%rax\n\t" \
               "movq %0, %%fs:(%%rax)"       \
               :                             \
               : "r"(value)                  \
               : "rax", "memory")
#elif defined(__aarch64__)
#define HEDDLE_LOAD_OWN(variable, value)                  \
  asm volatile("adrp x16, :gottprel:" variable            \
               "\n\t"                                     \
               "ldr x16, [x16, #:gottprel_lo12:" variable \
               "]\n\t"                                    \
               "mrs %0, tpidr_el0\n\t"                    \
               "ldr %0, [%0, x16]"                        \
               : "=r"(value)                              \
               :                                          \
               : "x16", "memory")
#define HEDDLE_STORE_OWN(variable, value)                 \
  asm volatile("adrp x16, :gottprel:" variable            \
               "\n\t"                                     \
               "ldr x16, [x16, #:gottprel_lo12:" variable \
               "]\n\t"                                    \
               "mrs x17, tpidr_el0\n\t"                   \
               "str %0, [x17, x16]"                       \
               :                                          \
               : "r"(value)                               \
               : "x16", "x17", "memory")
#else
#error "heddle's GetG knows x86-64 and aarch64 only"
#endif

// The value of the last SetG on this thread; null if there was none. Always
// inline, as all here, so that no instrumented frame stands around it.
[[gnu::always_inline]] inline void* GetG() {
  void* g;
  HEDDLE_LOAD_OWN("heddle_tls_g", g);
  return g;
}

// Makes `g` what GetG returns on this thread, until the next SetG here.
[[gnu::always_inline]] inline void SetG(void* g) {
  HEDDLE_STORE_OWN("heddle_tls_g", g);
}

// The same of the thread's M.
[[gnu::always_inline]] inline void* GetM() {
  void* m;
  HEDDLE_LOAD_OWN("heddle_tls_m", m);
  return m;
}
[[gnu::always_inline]] inline void SetM(void* m) {
  HEDDLE_STORE_OWN("heddle_tls_m", m);
}

#undef HEDDLE_LOAD_OWN
#undef HEDDLE_STORE_OWN

}  // namespace heddle::arch

#endif  // RUNTIME_ARCH_GETG_H_
