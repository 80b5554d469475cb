// Frames: the return addresses of one stack, at most the 50 innermost and the
// 50 outermost of them; and how they are found, by libunwind.
//
// Nothing here allocates, so that it works in a process that dies and in signal
// handlers; libunwind has its own memory, blocks signals around its locks, and
// asks the dynamic linker, whose lock a thread may take twice.

#ifndef RUNTIME_DEBUG_FRAMES_H_
#define RUNTIME_DEBUG_FRAMES_H_

#include <cstddef>
#include <cstdint>

namespace heddle::sched {
struct G;
}  // namespace heddle::sched

namespace heddle::debug {

class Frames {
 public:
  // Go's tracebackInnerFrames and tracebackOuterFrames.
  static constexpr int kInner = 50;
  static constexpr int kOuter = 50;

  Frames() = default;
  // The `n` frames from `pcs` on, of which `elided` are left out after the
  // first kInner: what another one's size, [] and elided gave.
  Frames(const uintptr_t* pcs, int n, int64_t elided) {
    for (int i = 0; i < n; i++) {
      if (i == kInner) total_ += elided;
      Add(pcs[i], /*exact=*/false);
    }
  }

  // Adds the next frame outwards. `exact`: `pc` is that of an instruction that
  // was interrupted, not a return address.
  void Add(uintptr_t pc, bool exact) {
    // What reads return addresses takes 1 off them.
    if (exact) pc++;
    if (total_ < kInner) {
      pcs_[total_] = pc;
    } else {
      pcs_[kInner + (total_ - kInner) % kOuter] = pc;
    }
    total_++;
  }

  // The frames kept, innermost first: return addresses.
  int size() const {
    return static_cast<int>(total_ < kInner + kOuter ? total_
                                                     : kInner + kOuter);
  }
  uintptr_t operator[](int i) const {
    if (elided() > 0 && i >= kInner) {
      i = kInner + static_cast<int>((i - kInner + elided()) % kOuter);
    }
    return pcs_[i];
  }
  // Frames left out after the first kInner.
  int64_t elided() const { return total_ - size(); }

 private:
  int64_t total_ = 0;
  uintptr_t pcs_[kInner + kOuter] = {};
};

// The calling stack's frames, from the one with return address `from` on; from
// the caller's own if there is no such frame.
void UnwindSelf(uintptr_t from, Frames* out);

// Those of gp, which does not run: as its context is saved. None if that does
// not point into its stack.
void UnwindParked(const sched::G* gp, Frames* out);

// Those of the context `ucontext`, a ucontext_t that a signal handler got.
void UnwindContext(void* ucontext, Frames* out);

// Its stack pointer.
uintptr_t StackPointer(const void* ucontext);

// sched::CaptureStackHook.
int CaptureStack(uintptr_t* pcs, int max, int skip);

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_FRAMES_H_
