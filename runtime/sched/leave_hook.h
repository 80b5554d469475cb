// A hook for debug builds: called when a goroutine is about to leave its
// thread. It finds what a thread has that the goroutine believes its own
// (runtime/debug/held_locks.h).

#ifndef RUNTIME_SCHED_LEAVE_HOOK_H_
#define RUNTIME_SCHED_LEAVE_HOOK_H_

#include <atomic>

namespace heddle::sched {

struct G;

enum class Leaving {
  kParks,      // for the reason in gp->waitreason
  kYields,     // Gosched
  kWaitsForP,  // it lost its P in Blocking, and finds no other
  kEnds,       // it returns, or calls Goexit
};

// Called on gp's stack, of which little may be left, with a runtime lock held
// perhaps; must not park, throw, nor take a lock that a goroutine may hold.
using LeaveHook = void (*)(G* gp, Leaving how);

// Null: nobody asks. Set before the first goroutine runs, and kept.
inline std::atomic<LeaveHook> leave_hook{nullptr};

// static: it is not the same with and without NDEBUG.
[[gnu::always_inline]] static inline void CallLeaveHook(
    [[maybe_unused]] G* gp, [[maybe_unused]] Leaving how) {
#ifndef NDEBUG
  const LeaveHook hook = leave_hook.load(std::memory_order_relaxed);
  if (hook != nullptr) hook(gp, how);
#endif
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_LEAVE_HOOK_H_
