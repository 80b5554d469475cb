// Frames: the return addresses of one stack, at most the 50 innermost and the
// 50 outermost of them; and how they are found, by libunwind.
//
// Nothing here allocates, so that it works in a process that dies and in signal
// handlers; libunwind has its own memory, blocks signals around its locks, and
// asks the dynamic linker, whose lock handlers do without (phdr.h).

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
  Frames(const uintptr_t* pcs, int n, int64_t elided)
      : cut_(elided > 0 && n == kInner) {
    for (int i = 0; i < n; i++) {
      if (i == kInner) total_ += elided;
      Add(pcs[i], /*exact=*/false);
    }
    if (cut_) total_ += elided;
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

  // There are more, which nobody has counted. Of those that were added the
  // innermost are kept alone: the others are somewhere in the middle.
  void Cut() { cut_ = total_ > kInner; }

  // The frames kept, innermost first: return addresses.
  int size() const {
    const int most = cut_ ? kInner : kInner + kOuter;
    return total_ < most ? static_cast<int>(total_) : most;
  }
  uintptr_t operator[](int i) const {
    if (elided() > 0 && i >= kInner) {
      i = kInner + static_cast<int>((i - kInner + elided()) % kOuter);
    }
    return pcs_[i];
  }
  // Frames left out after the first kInner; if `cut`, at least so many.
  int64_t elided() const { return total_ - size(); }
  bool cut() const { return cut_; }

 private:
  bool cut_ = false;
  int64_t total_ = 0;
  uintptr_t pcs_[kInner + kOuter] = {};
};

// A stack of more frames is not believed, and is Cut.
inline constexpr int64_t kMaxWalked = 1'000'000;

// The calling stack's frames, from the one with return address `from` on; from
// the caller's own if there is no such frame.
void UnwindSelf(uintptr_t from, Frames* out);

// Those of gp, which does not run: as its context is saved. None if that does
// not point into its stack.
void UnwindParked(const sched::G* gp, Frames* out);

// Those of the context `ucontext`: a signal handler's ucontext_t, or an
// unw_context_t. Cut if there are more than `max`; each takes some 0.3 us.
void UnwindContext(void* ucontext, Frames* out, int64_t max = kMaxWalked);

// Its stack pointer.
uintptr_t StackPointer(const void* ucontext);

// sched::CaptureStackHook.
int CaptureStack(uintptr_t* pcs, int max, int skip);

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_FRAMES_H_
