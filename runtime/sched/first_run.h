// What a goroutine gets when it runs for the first time, and not before: a
// context, and mostly a stack.
//
// A go statement builds a small callable in the G itself (func_val.h) and
// leaves the G bare: it touches no stack. Who then switches to it furnishes it:
//
//   go ──▶ bare ──▶ [run queue] ──▶ furnished ──▶ runs
//                                   by GoOn, if the P has a free stack
//                                   by Execute, on g0, from wherever
//                                   by the goroutine that ends: it leaves its
//                                   own stack to it, for what that has, and
//                                   goes on as it
//
// So those that wait for their first turn cost a G each, 192 bytes, and not a
// page; a thousand that are started and end one after the other use one stack,
// which stays in the cache, and where one ends and the next begins there is no
// switch at all; and with several Ps the first touch of a new stack, which is
// the kernel's 2 us, is not all on the P of the go statements. A goroutine
// whose callable is large has its stack from the go statement on, as in Go.
//
// Source: marl and other schedulers of tasks, where a task is a closure until a
// worker gives it a fiber. Go's newproc1 has a stack to copy the arguments to.

#ifndef RUNTIME_SCHED_FIRST_RUN_H_
#define RUNTIME_SCHED_FIRST_RUN_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/base/optimization.h"
#include "heddle/runtime/arch/fp_modes.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/sched/func_val.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/gfree.h"
#include "heddle/runtime/sched/p.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// The highest address that a goroutine on `s` uses, with `reserved` bytes left
// above for a callable of this alignment.
inline uintptr_t FirstSp(const stack::Stack& s, size_t reserved, size_t align) {
  constexpr size_t kStackAlign = 16;
  // Go leaves four words above the first frame, in case something reads
  // slightly beyond it; so does this.
  constexpr size_t kTop = 4 * sizeof(void*);
  const uintptr_t sp = s.hi - kTop - reserved - StackColor(s);
  return sp & ~static_cast<uintptr_t>(align > kStackAlign ? align - 1
                                                          : kStackAlign - 1);
}

// Gives gp a stack, by way of `cache` if that is not null. Ends the process if
// there is no memory. On any stack.
void GiveStack(Sched* sched, stack::StackCache* cache, G* gp, size_t size);

// Makes gp's context, at `sp` on its stack. It starts with `modes`.
void MakeContext(G* gp, uintptr_t sp, arch::FpModes modes);

// Makes gp, dead and about to be runnable, bare: its callable is in it. It gets
// a stack of the starting size, as that is when it begins.
HEDDLE_INLINE void MakeBare(G* gp) {
  gp->marks.Change(Marks::kSystem | Marks::kSized, Marks::kBare);
  gp->sched.sp = gp->stack ? FirstSp(gp->stack, 0, 1) : 0;
  arch::StoreFpModes(&gp->sched.pc);
}

// gp, which is bare, gets a stack of `size` bytes, a power of two, instead.
inline void AskForSize(G* gp, size_t size) {
  gp->first_size_log2 = static_cast<uint8_t>(std::countr_zero(size));
  gp->marks.Set(Marks::kSized, true);
}

// How large a stack gp is to have, which is bare.
HEDDLE_INLINE size_t FirstSize(const Sched* sched, const G* gp) {
  if (ABSL_PREDICT_FALSE(gp->marks.sized())) {
    return size_t{1} << gp->first_size_log2;
  }
  return StartingSize(sched);
}

// Furnishes gp, which is bare, for mp, which is on g0 and has a P.
void Furnish(M* mp, G* gp);

// The same by what the caller's P has, on any stack and with any lock held.
// False if that is not enough, and nothing is done.
bool FurnishLocally(Sched* sched, P* pp, G* gp);

// Whether a goroutine that ends can leave its stack to another one without a
// switch: no sanitizer keeps anything for a goroutine's stack.
inline constexpr bool kLeavesStacks = std::is_empty_v<sanitizer::Fiber>;

// Whether `next`, which has not begun and is neither locked nor the system's,
// can get its predecessor's stack, which is of the starting size and has no
// canary.
HEDDLE_INLINE bool TakesStack(const Sched* sched, const G* next) {
  return next->marks.bare() && FirstSize(sched, next) == StartingSize(sched) &&
         (!next->stack ||
          (next->stack.size() == StartingSize(sched) && !next->marks.canary()));
}

// `from`, which runs on its last frames, leaves its stack to `to`, of which
// that is true, for what that has: mostly none. A stack that is in the cache is
// better than one of its own.
HEDDLE_INLINE void LeaveStack(G* from, G* to) {
  std::swap(from->stack, to->stack);
  to->marks.Clear();
  arch::UseFpModes(&to->sched.pc);
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_FIRST_RUN_H_
