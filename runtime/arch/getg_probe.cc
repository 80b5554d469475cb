// What getg_disassembly_test compiles in many ways and looks at. Not part of
// any target: the test runs the compilers itself.

#include "heddle/runtime/arch/getg.h"

// Keeps the functions whole under link-time optimisation, so that the test
// finds them by name; what they call is open to it.
#if defined(__clang__)
#define PROBE [[gnu::noinline, gnu::used]]
#else
#define PROBE [[gnu::noipa, gnu::used]]
#endif

extern "C" {

// In a file of its own: getg_probe_switch.cc.
void opaque_switch();

// Must read the thread pointer again after the call.
PROBE void* probe_fresh() {
  void* const before = heddle::arch::GetG();
  opaque_switch();
  void* const after = heddle::arch::GetG();
  return before == after ? after : nullptr;
}

// The same for a store.
PROBE void probe_fresh_set(void* g) {
  heddle::arch::SetG(nullptr);
  opaque_switch();
  heddle::arch::SetG(g);
}

// What must not be: an address kept across the call, here by its author. The
// test must find it, or the test is worth nothing.
[[gnu::tls_model("initial-exec")]] thread_local void* probe_plain = nullptr;

PROBE void* probe_hoisted() {
  void** address = &probe_plain;
  asm volatile("" : "+r"(address));
  opaque_switch();
  return *address;
}
}
