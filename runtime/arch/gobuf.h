// Gobuf, a context that does not run, and the ways to change contexts: Gogo,
// Mcall, Systemstack and GostartCall, after Go's assembly of the same names,
// and Switch and Leave. Implemented in gobuf_x86_64.S and gobuf_aarch64.S.
//
//      a thread's g0                         a goroutine
//      req = Gogo(&g0buf, &gbuf)  ───────▶   runs
//      goes on with req           ◀───────   Mcall(&gbuf, &g0buf, fn, arg)
//      req.fn(req.arg)
//      req = Gogo(&g0buf, &gbuf)  ───────▶   Mcall returns
//
// What differs from Go. There, mcall throws g0's frames away and calls fn on
// an empty g0 stack, and gogo never returns. C++ frames cannot be thrown away:
// they have destructors, and AddressSanitizer and ThreadSanitizer keep shadows
// of them. So the two are symmetric here: Mcall makes the Gogo that started
// the goroutine *return* fn and arg, and g0's loop calls fn itself.
//
// A context is its stack: what the ABI calls callee-saved lies on it
// (saved_frame.h has the picture), and Gobuf holds the two words that lead
// there. Whoever has the Gobuf of a parked context and can read its stack can
// unwind it: start at pc = ParkedPc(), sp = Gobuf::sp, and the call frame
// information there describes the saved frame.
//
// The floating-point control words (mxcsr's control bits and the x87 control
// word; fpcr) belong to the context. They are stored and loaded on each switch;
// fpcr is loaded only when the other context's differs. The sticky exception
// flags are nobody's, as in the ABI, though x86-64's come along with mxcsr. It
// is the storing of mxcsr that one pays for: a switch takes 9-10 ns with it and
// 4 without (Zen 3). To load it takes half a nanosecond (Zen 4), and less than
// to read back what was just stored, to see whether it need be loaded.
//
// The way out of Gogo and Mcall is an indirect jump and not a return: the
// return predictor would miss every time (4 ns instead of 12, without mxcsr).
// That of Switch is a return: two goroutines are mostly parked by the same
// chain of calls, so the predictor, which does not know that the stack was
// changed, is right about this one and about those above it; each miss is 5 ns.
// For the sake of both there is no support for shadow stacks (CET, GCS), nor
// for landing pads (IBT, BTI): the objects do not claim it, so the linker does
// not claim it for the program.
//
// Nothing here allocates, locks or touches a thread-local. Being assembly, it
// is never instrumented by a sanitizer: announce each switch as
// runtime/sanitizer/fiber.h says.

#ifndef RUNTIME_ARCH_GOBUF_H_
#define RUNTIME_ARCH_GOBUF_H_

#include <cstddef>
#include <cstdint>

#include "heddle/runtime/arch/fp_modes.h"
#include "heddle/runtime/arch/saved_frame.h"

namespace heddle::arch {

// A context that does not run. Written by the thread that leaves it and read
// by the thread that resumes it; the caller orders the two (a release store or
// a lock between them). Any thread may resume it, one at a time.
struct Gobuf {
  uintptr_t sp = 0;  // the context's SavedFrame
  uintptr_t pc = 0;  // where it goes on
};
static_assert(offsetof(Gobuf, sp) == HEDDLE_GOBUF_SP);
static_assert(offsetof(Gobuf, pc) == HEDDLE_GOBUF_PC);

// What a goroutine wants done on g0's stack.
struct McallRequest {
  void (*fn)(void*);
  void* arg;
};

// Leaves the caller's context, a g0, in *self and goes on with *to. Returns
// when a context calls Mcall with g0 == self; the result is that call's fn and
// arg. `*to` is used up: it must be saved again before it can be resumed again.
// (runtime.gogo)
McallRequest Gogo(Gobuf* self, const Gobuf* to) asm("heddle_gogo");

// Leaves the caller's context in *self and resumes *g0, saved by Gogo, whose
// Gogo returns {fn, arg}. Returns when somebody calls Gogo with to == self; by
// then the caller may be on another thread. (runtime.mcall)
void Mcall(Gobuf* self, const Gobuf* g0, void (*fn)(void*),
           void* arg) asm("heddle_mcall");

// Leaves the caller's context in *self and goes on with *to, which is used up:
// from one goroutine to another, without a stop on g0. Returns when somebody
// resumes *self by Gogo or Switch.
void Switch(Gobuf* self, const Gobuf* to) asm("heddle_switch");

// The same where *to is new, GostartCall's: the way out is a jump again, since
// there is no call that a return could be the end of.
void Start(Gobuf* self, const Gobuf* to) asm("heddle_start");

// The way out of Switch without the way in, for a context that is never resumed
// again. *to was left by Switch, or another of the above.
[[noreturn]] void Leave(const Gobuf* to) asm("heddle_leave");

// Runs fn(arg) on the stack that ends below the address `sp` (rounded down to
// 16 bytes) and returns when fn does. For calls to g0's stack from a goroutine:
// `sp` is then the Gobuf::sp of the waiting g0. Unwinders walk through, and an
// exception that leaves fn reaches the caller. Nests. (runtime.systemstack)
void Systemstack(uintptr_t sp, void (*fn)(void*),
                 void* arg) asm("heddle_systemstack");

// Makes *buf a context that will run entry(arg) on the stack below the address
// `sp` (rounded down to 16 bytes), of which it uses sizeof(SavedFrame) bytes at
// once. The stack ends at entry: an unwinder finds no caller, and an exception
// that leaves entry calls std::terminate with the stack as it was at the throw.
// entry must not return: if it does, the process dies of a trap instruction
// (SIGILL or SIGTRAP). The context starts with the floating-point control words
// `modes`: its creator's, as a thread does. (runtime.gostartcallfn)
void GostartCall(Gobuf* buf, uintptr_t sp, void (*entry)(void*), void* arg,
                 FpModes modes) asm("heddle_gostart_call");

// The code address, never run, whose call frame information describes a
// SavedFrame at sp; see above. It is marked as a signal frame, so that
// unwinders take it as it is and not as a return address.
extern "C" const char heddle_parked_pc[];
inline uintptr_t ParkedPc() {
  return reinterpret_cast<uintptr_t>(&heddle_parked_pc[0]);
}

}  // namespace heddle::arch

#endif  // RUNTIME_ARCH_GOBUF_H_
