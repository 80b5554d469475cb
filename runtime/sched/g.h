// G: a goroutine. Its stack, its saved context, its state.
//
// INV-G1  A G is on one list at most (a run queue, a free list, a wait queue)
//         or is some M's curg; status says which.
// INV-G2  Whoever owns the G in its state (status.h) is the only one to touch
//         the fields that have no other owner below.
// INV-G3  A parked G is made runnable only after `sched` holds its context.
// INV-G4  Gs are never freed while their runtime lives: a stale pointer to one
//         is stale, not dangling.
// INV-G5  A bare G has no context, and mostly no stack: it is furnished before
//         it runs for the first time. (first_run.h)
//
// Source: Go 1.21's runtime2.go, type g.

#ifndef RUNTIME_SCHED_G_H_
#define RUNTIME_SCHED_G_H_

#include <unwind.h>

#include <atomic>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/base/optimization.h"
#include "heddle/runtime/arch/getg.h"
#include "heddle/runtime/arch/gobuf.h"
#include "heddle/runtime/base/relaxed.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sanitizer/fiber.h"
#include "heddle/runtime/sched/ancestors.h"
#include "heddle/runtime/sched/func_val.h"
#include "heddle/runtime/sched/labels.h"
#include "heddle/runtime/sched/status.h"
#include "heddle/runtime/sched/wait_reason.h"
#include "heddle/runtime/stack/stack.h"

namespace heddle::sched {

struct M;
struct Sched;

enum class WaitVerdict : uint8_t {
  kNone,
  kStarving,  // the waiter: it has waited for too long
  kGranted,   // the waker: it has what it waited for
};

// What is in a wait queue: a goroutine, or a plain thread's stand-in.
struct WaitNode {
  // Link of the list that it is on; owned by the list's owner.
  WaitNode* schedlink = nullptr;
  // The goroutine's runtime; null: a thread's. Immutable while it lives.
  Sched* home = nullptr;
  // What the owner of a wait queue and who waits in it have to say to each
  // other. The waiter's until it is queued and after it is woken.
  WaitVerdict verdict = WaitVerdict::kNone;
};

// What few goroutines have, and no switch looks at. Kept by a dead G for its
// next goroutine.
struct GExtra {
  std::string name;  // from GoOptions
  // Where the chain of its creators is recorded. Immutable while it lives.
  std::shared_ptr<const Ancestors> ancestors;
  // Goexit's, while it unwinds: not on the stack, whose frames it takes away.
  std::unique_ptr<_Unwind_Exception> goexit;
};

// What few goroutines are, as a switch asks of one or the other: at one look.
// Written by who owns the G; read by anyone, as a guess.
class Marks {
 public:
  enum Mark : uint8_t {
    // Locked to its thread: some M's lockedg.
    kLocked = 1,
    // A system goroutine: not counted, does not keep Run waiting.
    kSystem = 2,
    // Its stack has no guard page, but a canary at its low end. (canary.h)
    kCanary = 4,
    // INV-G5.
    kBare = 8,
    // Bare, and asked for a stack of its own size: G::first_size_log2.
    kSized = 16,
    // Runs the function that Run was given. Its end is the main one's.
    kMain = 32,
  };

  bool locked() const { return Any(kLocked); }
  bool system() const { return Any(kSystem); }
  bool canary() const { return Any(kCanary); }
  bool bare() const { return Any(kBare); }
  bool sized() const { return Any(kSized); }
  bool main() const { return Any(kMain); }
  // Whether it is any of these.
  bool Any(unsigned marks) const { return (bits_ & marks) != 0; }

  void Set(Mark mark, bool on) {
    if (on) {
      Change(0, mark);
    } else {
      Change(mark, 0);
    }
  }
  // Not `from` any more, and `to` from now on.
  void Change(unsigned from, unsigned to) {
    bits_ = static_cast<uint8_t>((bits_ & ~from) | to);
  }
  void Clear() { bits_ = 0; }

 private:
  base::Relaxed<uint8_t> bits_{0};
};

// Three cache lines, each with its use: with a million goroutines, each line
// that is touched is a miss. All zeros is a G in its first state: it is made of
// fresh memory (all_gs.h).
struct alignas(ABSL_CACHELINE_SIZE) G : WaitNode {
  // ---- the first line: to switch to it and from it, park and ready it ----
  // Changed through CasGStatus only; read by anyone, as a guess.
  std::atomic<GStatus> atomicstatus{GStatus::kIdle};
  // Written before the state becomes waiting; read by tracebacks.
  std::atomic<WaitReason> waitreason{WaitReason::kZero};
  // Whether the callable was started, and so destroys itself. Read by anyone,
  // as a guess.
  base::Relaxed<bool> started{false};
  // Sampled latency tracking: 1 in kGTrackingPeriod changes out of running.
  bool tracking = false;
  uint8_t tracking_seq = 0;
  // Of the number of the M that ran it last, the lowest bits, if
  // Options::migrate_always.
  uint16_t lastm = 0;
  // The context while it is not running; a g0's while its M runs a goroutine.
  // Of a bare G `sp` is where its stack begins, if it has one, for who fetches
  // it.
  arch::Gobuf sched;
  union {
    // While it runs, or is in a blocking call: its M, which writes it. For
    // others: on the thread that runs it, it is Getm().
    M* m = nullptr;
    // From when it waits until it runs again: what its commit was told. Null
    // once it has yielded.
    void* waits_at;
  };
  Marks marks;
  // If `marks.sized()`: of the size in bytes of its stack, a power of two, the
  // logarithm.
  uint8_t first_size_log2 = 0;
  // errno, a thread's in C++ and a goroutine's here, while it does not run.
  int saved_errno = 0;
  // Nanoseconds on the monotonic clock since when it waits: Sched::coarse_now
  // of that time. Written as waitreason.
  int64_t waitsince = 0;

  // ---- the second line: to start and to end it, besides ----
  // Empty for a g0 on a system stack, and for a free G without a stack.
  alignas(ABSL_CACHELINE_SIZE) stack::Stack stack;
  // The callable: it lies at `fn_arg`, at the top of the stack or, until it is
  // started, in `callable`.
  const FuncOps* fn = nullptr;
  void* fn_arg = nullptr;
  // Written through SetGoid; who does not own the G reads it through GoidOf.
  uint64_t goid = 0;
  // Inherited from the goroutine that started it. Its own.
  Labels labels;
  // Null for most.
  std::unique_ptr<GExtra> extra;
  // Nanoseconds on the monotonic clock since when it is runnable, or waits for
  // a mutex, if `tracking`. (tracking.h)
  int64_t tracked_since = 0;

  // ---- the third line: what reports tell ----
  alignas(ABSL_CACHELINE_SIZE) uint64_t parent_goid = 0;
  // Address after the go statement, and of the callable's code.
  uintptr_t gopc = 0;
  uintptr_t startpc = 0;
  // A callable that waits to be started. (FuncOps::run_moved)
  alignas(kCallableAlign) std::byte callable[kCallableSize] = {};
  std::string_view name() const {
    if (extra == nullptr) return "";
    return extra->name;
  }
  const Ancestors* ancestors() const {
    return extra == nullptr ? nullptr : extra->ancestors.get();
  }

  // What the sanitizers know of its stack. Its M's.
  [[no_unique_address]] sanitizer::Fiber fiber;
};
static_assert(!std::is_empty_v<sanitizer::Fiber> ||
              sizeof(G) == 3 * ABSL_CACHELINE_SIZE);

// The main goroutine's number, in each Run. No other goroutine has it.
inline constexpr uint64_t kMainGoid = 1;

// Go's gTrackingPeriod, which is 8 there. A sample reads the clock twice, 50
// ns: of a yield, which takes 13, that would be 6 more for each, and at 1 in 64
// one yet. A power of two, and tracking_seq's range.
inline constexpr int kGTrackingPeriod = 256;

// gp's, made if need be.
inline GExtra* Extra(G* gp) {
  if (gp->extra == nullptr) gp->extra = std::make_unique<GExtra>();
  return gp->extra.get();
}

// The goroutine, or g0, that runs on the calling thread; null on a thread
// that runs none. Never read it any other way: a compiler may reuse the address
// of a thread_local after the goroutine has moved to another thread.
inline G* Getg() { return static_cast<G*>(arch::GetG()); }
inline void Setg(G* gp) { arch::SetG(gp); }

// The calling thread's M, on g0 and in a goroutine; null on a thread that is
// none, as Getg. Never keep it across a switch.
inline M* Getm() { return static_cast<M*>(arch::GetM()); }
inline void Setm(M* mp) { arch::SetM(mp); }

// gp's number, for anyone: a guess, as a dead G is soon another goroutine.
inline uint64_t GoidOf(G* gp) {
  return std::atomic_ref<uint64_t>(gp->goid).load(std::memory_order_relaxed);
}
inline void SetGoid(G* gp, uint64_t goid) {
  std::atomic_ref<uint64_t>(gp->goid).store(goid, std::memory_order_relaxed);
}

inline GStatus ReadGStatus(const G* gp) {
  return gp->atomicstatus.load(std::memory_order_acquire);
}

// Ends the process: gp is in state `now`. Out of the way of CasGStatus's
// callers.
[[noreturn, gnu::cold, gnu::noinline]] inline void BadGStatus(const G* gp,
                                                              GStatus now,
                                                              GStatus from,
                                                              GStatus to) {
  base::PrintErr(
      "runtime: casgstatus: goroutine %" PRIu64 " is %s; want %s to %s\n",
      gp->goid, GStatusText(now), GStatusText(from), GStatusText(to));
  base::Throw("casgstatus: bad incoming values");
}

// Changes gp's state. The caller owns gp in the state `from`. Throws if gp is
// not in that state or the table of status.h has no such change. (casgstatus)
inline void CasGStatus(G* gp, GStatus from, GStatus to) {
  const GStatus now = gp->atomicstatus.load(std::memory_order_relaxed);
  if (__builtin_expect(now != from || !GTransitionAllowed(from, to), 0)) {
    BadGStatus(gp, now, from, to);
  }
  // Release: pairs with the acquire of ReadGStatus in reports, which then see
  // the wait reason of the state.
  gp->atomicstatus.store(to, std::memory_order_release);
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_G_H_
