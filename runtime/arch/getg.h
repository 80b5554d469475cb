// The thread's current G, and its M: the two thread-locals of the runtime.
//
// The G knows its M too. But a thread's M stays, and its P mostly, so what a
// switch asks of them need not wait until it is known which G runs: of a yield
// that was a chain of five loads, each of what had just been stored. One
// variable more took 5 % off a yield, and off a go statement.
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

// The two accessors of `variable`, always inline, so that no instrumented frame
// stands around them.
#if defined(__x86_64__)
#define HEDDLE_THREADS_OWN(get, set, variable)          \
  [[gnu::always_inline]] inline void* get() {           \
    void* value;                                        \
    asm volatile("movq " variable                       \
                 "@gottpoff(%%rip), %0\n\t"             \
                 "movq %%fs:(%0), %0"                   \
                 : "=r"(value)                          \
                 :                                      \
                 : "memory");                           \
    return value;                                       \
  }                                                     \
  [[gnu::always_inline]] inline void set(void* value) { \
    void* offset;                                       \
    asm volatile("movq " variable                       \
                 "@gottpoff(%%rip), %0\n\t"             \
                 "movq %1, %%fs:(%0)"                   \
                 : "=&r"(offset)                        \
                 : "r"(value)                           \
                 : "memory");                           \
  }
#elif defined(__aarch64__)
#define HEDDLE_THREADS_OWN(get, set, variable)            \
  [[gnu::always_inline]] inline void* get() {             \
    void* value;                                          \
    void* offset;                                         \
    asm volatile("adrp %1, :gottprel:" variable           \
                 "\n\t"                                   \
                 "ldr %1, [%1, #:gottprel_lo12:" variable \
                 "]\n\t"                                  \
                 "mrs %0, tpidr_el0\n\t"                  \
                 "ldr %0, [%0, %1]"                       \
                 : "=&r"(value), "=&r"(offset)            \
                 :                                        \
                 : "memory");                             \
    return value;                                         \
  }                                                       \
  [[gnu::always_inline]] inline void set(void* value) {   \
    void* offset;                                         \
    void* base;                                           \
    asm volatile("adrp %0, :gottprel:" variable           \
                 "\n\t"                                   \
                 "ldr %0, [%0, #:gottprel_lo12:" variable \
                 "]\n\t"                                  \
                 "mrs %1, tpidr_el0\n\t"                  \
                 "str %2, [%1, %0]"                       \
                 : "=&r"(offset), "=&r"(base)             \
                 : "r"(value)                             \
                 : "memory");                             \
  }
#else
#error "heddle's GetG knows x86-64 and aarch64 only"
#endif

// GetG is the value of the last SetG on this thread, and GetM of the last SetM;
// null if there was none.
HEDDLE_THREADS_OWN(GetG, SetG, "heddle_tls_g")
HEDDLE_THREADS_OWN(GetM, SetM, "heddle_tls_m")

#undef HEDDLE_THREADS_OWN

}  // namespace heddle::arch

#endif  // RUNTIME_ARCH_GETG_H_
