// sanitizer/race.h for what is built on the scheduler: who the caller is, it
// finds out by itself. Works inside the runtime and outside, on goroutines and
// on plain threads.
//
//   void Chan::Close() {
//     RaceRelease(this);              // what the caller did until now ...
//     const InRuntime in;             // nobody looks at what is in here
//     ...
//   }
//   T Chan::Receive() {
//     const InRuntime in;
//     ...
//     { const RaceUserCode looked_at; value = std::move(*slot); }
//     RaceAcquire(this);              // ... is before what this one does next
//   }
//
// Go's package internal/race.

#ifndef RUNTIME_SCHED_RACE_H_
#define RUNTIME_SCHED_RACE_H_

#include <cstdint>

#include "heddle/runtime/sanitizer/race.h"
#include "heddle/runtime/sched/m.h"

namespace heddle::sched {

inline void RaceAcquire(const void* address) {
  sanitizer::RaceAcquire(RaceSelf(), address);
}
inline void RaceRelease(const void* address) {
  sanitizer::RaceRelease(RaceSelf(), address);
}
inline void RaceReleaseMerge(const void* address) {
  sanitizer::RaceReleaseMerge(RaceSelf(), address);
}

// For gp, which is parked and on no queue but the caller's.
inline void RaceAcquireG(G* gp, const void* address) {
  sanitizer::RaceAcquireParked(&gp->fiber, address);
}
inline void RaceReleaseG(G* gp, const void* address) {
  sanitizer::RaceReleaseParked(&gp->fiber, address);
}

// A scope of the runtime's own code, which is not looked at, where there is no
// Acquirem. (race.Disable)
class RaceScope {
 public:
  RaceScope() { sanitizer::RaceEnter(RaceSelf()); }
  ~RaceScope() { sanitizer::RaceLeave(RaceSelf()); }
  RaceScope(const RaceScope&) = delete;
  RaceScope& operator=(const RaceScope&) = delete;
};

// A scope of the user's code inside the runtime: moves, copies, callbacks. It
// must not park. (race.Enable)
class RaceUserCode {
 public:
  RaceUserCode() : levels_(sanitizer::RaceSuspend(RaceSelf())) {}
  ~RaceUserCode() { sanitizer::RaceResume(RaceSelf(), levels_); }
  RaceUserCode(const RaceUserCode&) = delete;
  RaceUserCode& operator=(const RaceUserCode&) = delete;

 private:
  [[maybe_unused]] const int32_t levels_;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_RACE_H_
