// Giving memory back: of dead goroutines that are kept for reuse, their stacks
// and the Gs, and of free stacks in the pools. Live goroutines keep what they
// have.
//
// What has not been needed for a period, one second, goes back: once in a
// period the least number of free ones since the last is taken as what nobody
// needs. Sysmon does it a little at a time, so that a million of them take it
// some seconds, and not a busy program's Ps.
//
// Differences from Go: its garbage collector frees the stacks of dead
// goroutines, and a background goroutine scavenges the heap; Gs are never
// freed there.

#ifndef RUNTIME_SCHED_SCAVENGE_H_
#define RUNTIME_SCHED_SCAVENGE_H_

#include <cstdint>

#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// Sysmon's.
class Scavenger {
 public:
  explicit Scavenger(Sched* sched) : sched_(sched) {}

  // Goes on for a moment. `now`: nanoseconds on the monotonic clock. `busy`:
  // some P is. False if there will be nothing to do while none is.
  bool Step(int64_t now, bool busy);

 private:
  Sched* const sched_;
  int64_t next_period_ = 0;
  int64_t next_step_ = 0;
  IdleGs idle_ = {};        // what is to go back in this period yet
  bool pools_done_ = true;  // nothing of this period's left in the pools
  int quiet_periods_ = 0;   // that went by without work, and without a busy P
};

// Gives all of it back at once, but what other Ps than the caller's keep to
// themselves. From any thread. (runtime/debug.FreeOSMemory)
void FreeOsMemory(Sched* sched);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SCAVENGE_H_
