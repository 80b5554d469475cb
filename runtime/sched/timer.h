// Timer: something to be done at a time. Timers: those of one P.
//
// A Timer is made once, armed and disarmed any number of times (timers.h), and
// counted: its owners hold references, and while it is armed its heap holds
// one. A sleeping goroutine has no Timer: the heap holds the G itself.
//
//   from      to        who, under what
//   idle      armed     ArmTimer: the timer's lock, then the heap's
//   armed     armed     ArmTimer, to another time in the same heap, or
//                       RunTimers, one that is not due yet or that comes again:
//                       the heap's lock; ProcResize, to another heap: both
//                       heaps' locks
//   armed     idle      DisarmTimer, and ArmTimer to move it to another heap:
//                       the heap's lock; RunTimers, as it is due: the heap's
//                       lock, and then its `fire` is called, without any;
//                       DropTimers, at the end of its runtime: the heap's lock
//
// So whoever disarms a timer knows whether its `fire` has been, or is being,
// called: it is for him that finds it in a heap, under that heap's lock.
//
// INV-T1  An armed timer's entry in the heap is due at `when`, or before it:
//         who puts a timer off leaves its entry, and RunTimers, once that is
//         the first, moves it. A deadline that is put off at each message costs
//         the heap a move in its old time's span, and not one for each message.
//
// Difference to Go 1.21: there, a timer has ten states that change by
// compare-and-swap, and who stops one that is in another P's heap marks it
// only. Here heap operations are cheap enough to be done at once, but for the
// one above.

#ifndef RUNTIME_SCHED_TIMER_H_
#define RUNTIME_SCHED_TIMER_H_

#include <atomic>
#include <cstdint>
#include <limits>

#include "absl/base/optimization.h"
#include "absl/base/thread_annotations.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/os/spin_lock.h"
#include "heddle/runtime/sched/sched_ref.h"
#include "heddle/runtime/sched/timer_heap.h"

namespace heddle::sched {

struct G;
struct Sched;
struct Timers;

// No time: later than any. Times are nanoseconds on the monotonic clock.
inline constexpr int64_t kNeverDue = std::numeric_limits<int64_t>::max();

struct Timer {
  // Called when the timer is due, at `now`, on g0 of an M that has a P of the
  // runtime `sched`, with no lock held; must not block, park nor throw. For a
  // timer of a plain thread's, on the thread of those; `sched` is null then.
  // Takes over a reference.
  using Fire = void (*)(Timer* timer, Sched* sched, int64_t now);
  // Called when the last reference is gone.
  using Destroy = void (*)(Timer* timer);

  // `makers`: its maker's runtime, null for a plain thread.
  Timer(SchedRef makers, Fire on_fire, Destroy on_destroy)
      : maker(makers), fire(on_fire), destroy(on_destroy) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // May have ended.
  const SchedRef maker;
  const Fire fire;
  const Destroy destroy;
  // Born with one, its maker's.
  std::atomic<uint32_t> refs{1};
  // Where in the heap it is. The heap's lock.
  uint32_t index = 0;
  // Nanoseconds between two times; 0: once. The heap's lock while it is armed.
  int64_t period = 0;
  // INV-T1. The heap's lock.
  int64_t when = 0;
  // The heap that it is in, null if it is not armed. Written under the heap's
  // lock; from null under the timer's as well.
  std::atomic<Timers*> home{nullptr};
  // One at a time puts it into a heap.
  os::Lock lock{os::LockRank::kTimer};

  void Ref() { refs.fetch_add(1, std::memory_order_relaxed); }
  void Unref();
};

// What is due: a G, which is readied, or a Timer, told apart by the lowest bit.
inline uintptr_t DueG(G* gp) { return reinterpret_cast<uintptr_t>(gp); }
inline uintptr_t DueTimer(Timer* t) {
  return reinterpret_cast<uintptr_t>(t) | 1;
}
inline Timer* TimerOf(uintptr_t due) {
  return (due & 1) != 0 ? reinterpret_cast<Timer*>(due & ~uintptr_t{1})
                        : nullptr;
}
inline G* SleeperOf(uintptr_t due) { return reinterpret_cast<G*>(due); }

// Sleepers need not know where they are: nobody wakes them early. So a million
// of them in a heap are not touched when it is in motion.
struct NoteIndex {
  void operator()(uintptr_t due, uint32_t index) const {
    Timer* t = TimerOf(due);
    if (t != nullptr) t->index = index;
  }
};

// A line of its own: its owner writes it at each change, others read `next`.
//
// INV-T2  Its memory is never given back. Whoever disarms a timer finds the
//         heap by Timer::home, locks it, and looks whether the timer is still
//         there: by then its runtime may have ended.
struct alignas(ABSL_CACHELINE_SIZE) Timers {
  Timers() = default;
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  using Heap = TimerHeap<NoteIndex>;

  // When the first of the heap is due, or before it (INV-T1); kNeverDue if
  // there is none. Written under the lock, read by anyone. Sequentially
  // consistent, where it is written and where somebody looks before he sleeps:
  // see poll.h.
  std::atomic<int64_t> next{kNeverDue};
  // How many there are, for reports and guesses.
  std::atomic<uint32_t> size{0};
  os::SpinLock lock;
  Heap heap ABSL_GUARDED_BY(lock);
  // The runtime whose P has it; null: the plain threads'.
  Sched* sched = nullptr;

  // After each change of the heap. True if the earliest is due earlier now.
  bool Changed() ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock) {
    const int64_t was = next.load(std::memory_order_relaxed);
    const int64_t is = heap.empty() ? kNeverDue : heap.top().when;
    if (is < was) {
      next.store(is, std::memory_order_seq_cst);
    } else if (is > was) {
      // Nobody need be woken, so nothing is read after it.
      next.store(is, std::memory_order_release);
    }
    size.store(heap.size(), std::memory_order_relaxed);
    return is < was;
  }
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_TIMER_H_
