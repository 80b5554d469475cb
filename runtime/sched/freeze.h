// Freezing: while it lasts, no goroutine of any runtime begins to run and none
// is made of a dead one. What is parked or queued then keeps its context and
// its fields, so a report can read them and unwind the stack. Goroutines that
// run go on, until they park or end.
//
//   Execute (an M with a goroutine)     Freeze (a report)
//   1. status: runnable -> running      1. frozen = 1
//   2. light fence                      2. heavy fence
//   3. frozen == 0: runs it             3. status runnable or waiting: reads it
//
// Either the report sees `running` and lets the stack be, or the M sees that it
// is frozen, puts the status back and waits. The same with NewProc1, which has
// taken a dead G, for `Execute`: a G that a report sees running stays that
// goroutine, even if it ends, until the thaw.
//
// This is not stopping the world (stop_the_world.h): it needs no P, no
// goroutine and no answer from anybody, so it works from plain threads, for all
// runtimes at once, with hogs about, and in a process that dies. Rejected:
// Go's scan bit in the status, which makes each change of state a
// compare-and-swap. The price here is one load of a word that is hardly ever
// written, for each switch to a goroutine.

#ifndef RUNTIME_SCHED_FREEZE_H_
#define RUNTIME_SCHED_FREEZE_H_

#include <atomic>
#include <cstdint>

#include "heddle/runtime/os/membarrier.h"

namespace heddle::sched {

// 0 or the number of freezes; the futex word of those who wait.
extern std::atomic<uint32_t> frozen;

// After the store that a report must see; whether to undo it and WaitForThaw.
inline bool Frozen() {
  os::AsymmetricLightFence();
  // Acquire: pairs with the release in Thaw; what the report read is read.
  return __builtin_expect(frozen.load(std::memory_order_acquire) != 0, 0);
}

// Blocks the thread until nothing is frozen.
void WaitForThaw();

// Begins to freeze. False if this kernel has no membarrier(2): then nothing is
// certain, and only who has nothing to lose unwinds stacks. From any thread,
// with any lock; whatever the caller then waits for must not wait for a
// goroutine to run. Each Freeze has a Thaw, or the process ends.
bool Freeze();
void Thaw();

// Freeze and Thaw for a scope, however that is left.
class FreezeScope {
 public:
  FreezeScope() : sure_(Freeze()) {}
  ~FreezeScope() {
    if (thaws_) Thaw();
  }
  FreezeScope(const FreezeScope&) = delete;
  FreezeScope& operator=(const FreezeScope&) = delete;

  // What Freeze said.
  bool sure() const { return sure_; }
  // The process ends: it stays frozen.
  void StayFrozen() { thaws_ = false; }

 private:
  const bool sure_;
  bool thaws_ = true;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_FREEZE_H_
