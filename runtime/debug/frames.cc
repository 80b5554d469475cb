#include "heddle/runtime/debug/frames.h"

#include <libunwind.h>
#include <ucontext.h>

#include <cstring>

#include "heddle/runtime/arch/gobuf.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/g.h"

namespace heddle::debug {
namespace {

// libunwind sets itself up at its first use, and who comes second learns of it
// from a flag of its own, which orders nothing that TSan can see. So that first
// use is before main, and before any thread that could be second.
[[gnu::constructor]] void SetUp() {
  unw_context_t context;
  unw_cursor_t cursor;
  if (unw_getcontext(&context) == 0) unw_init_local(&cursor, &context);
}

// Walks outwards from *cursor, where pc is `exact` or a return address, while
// the stack pointer is in [lo, hi].
void Walk(unw_cursor_t* cursor, bool exact, uintptr_t lo, uintptr_t hi,
          Frames* out, int64_t max = kMaxWalked) {
  for (int64_t i = 0; i < max; i++) {
    unw_word_t pc = 0;
    unw_word_t sp = 0;
    unw_get_reg(cursor, UNW_REG_IP, &pc);
    unw_get_reg(cursor, UNW_REG_SP, &sp);
    if (pc == 0 || sp < lo || sp > hi) return;
    out->Add(pc, exact);
    exact = unw_is_signal_frame(cursor) > 0;
    if (unw_step(cursor) <= 0) return;
  }
  out->Cut();
}

void WalkContext(unw_context_t* context, uintptr_t lo, uintptr_t hi,
                 Frames* out, int64_t max = kMaxWalked) {
  unw_cursor_t cursor;
  if (unw_init_local2(&cursor, context, UNW_INIT_SIGNAL_FRAME) != 0) return;
  Walk(&cursor, /*exact=*/true, lo, hi, out, max);
}

}  // namespace

[[gnu::noinline]] void UnwindSelf(uintptr_t from, Frames* out) {
  unw_context_t context;
  unw_cursor_t cursor;
  if (unw_getcontext(&context) != 0 || unw_init_local(&cursor, &context) != 0) {
    return;
  }
  bool more = unw_step(&cursor) > 0;  // out of this function
  const unw_cursor_t caller = cursor;
  for (int i = 0; more && from != 0 && i < kMaxWalked; i++) {
    unw_word_t pc = 0;
    unw_get_reg(&cursor, UNW_REG_IP, &pc);
    if (pc == from) break;
    more = unw_step(&cursor) > 0;
  }
  if (!more) cursor = caller;
  Walk(&cursor, /*exact=*/false, 0, UINTPTR_MAX, out);
}

void UnwindParked(const sched::G* gp, Frames* out) {
  const uintptr_t sp = gp->sched.sp;
  if (gp->stack.hi == 0 || sp < gp->stack.lo ||
      sp > gp->stack.hi - sizeof(arch::SavedFrame) ||
      sp % alignof(arch::SavedFrame) != 0) {
    return;
  }
  unw_context_t context;
  std::memset(&context, 0, sizeof context);
#if defined(__x86_64__)
  context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(arch::ParkedPc());
  context.uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(sp);
#else
  context.uc_mcontext.pc = arch::ParkedPc();
  context.uc_mcontext.sp = sp;
#endif
  WalkContext(&context, gp->stack.lo, gp->stack.hi, out);
}

void UnwindContext(void* ucontext, Frames* out, int64_t max) {
  WalkContext(static_cast<unw_context_t*>(ucontext), 0, UINTPTR_MAX, out, max);
}

uintptr_t StackPointer(const void* ucontext) {
  const auto* context = static_cast<const ucontext_t*>(ucontext);
#if defined(__x86_64__)
  return static_cast<uintptr_t>(context->uc_mcontext.gregs[REG_RSP]);
#else
  return context->uc_mcontext.sp;
#endif
}

[[gnu::noinline]] int CaptureStack(uintptr_t* pcs, int max, int skip) {
  unw_context_t context;
  unw_cursor_t cursor;
  if (unw_getcontext(&context) != 0 || unw_init_local(&cursor, &context) != 0) {
    return 0;
  }
  // The first step leaves this function.
  for (skip++; skip > 0; skip--) {
    if (unw_step(&cursor) <= 0) return 0;
  }
  int n = 0;
  while (n < max) {
    unw_word_t pc = 0;
    unw_get_reg(&cursor, UNW_REG_IP, &pc);
    if (pc == 0) break;
    pcs[n++] = pc;
    if (unw_step(&cursor) <= 0) break;
  }
  return n;
}

}  // namespace heddle::debug
