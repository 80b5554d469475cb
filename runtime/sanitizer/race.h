// What ThreadSanitizer is told of who happens before whom, and what it does not
// look at. Go's raceacquire, racerelease, racereleasemerge, raceignore.
//
// In Go's race detector a goroutine is what a thread is to TSan, and the
// runtime is not there at all: it is compiled without instrumentation, and each
// primitive says which order it gives to those who use it. So here, by default:
//
//   - no switch orders anything (tsan_fiber.h);
//   - a goroutine that is inside the runtime, and whoever is on a g0, are
//     neither looked at nor ordered by what they do (Enter, Leave). Otherwise
//     the run queues, the locks, the allocator would order any two goroutines,
//     by accident, and their races would go unseen;
//   - the go statement, Mutex, WaitGroup and so on call Release and Acquire.
//
// With HEDDLE_TSAN=runtime in the environment it is the other way round: each
// switch orders, and the runtime is looked at like any other code, as its own
// tests want it. The races of a program are seen only if its goroutines run on
// different threads then, and hardly ever.
//
// The functions here take the Fiber of the calling goroutine or g0, null on a
// thread that has none. What is built on the scheduler uses its race.h, which
// knows that by itself. Without TSan all are empty.

#ifndef RUNTIME_SANITIZER_RACE_H_
#define RUNTIME_SANITIZER_RACE_H_

#include "heddle/runtime/base/cxx20.h"
#include "heddle/runtime/sanitizer/fiber.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::sanitizer {

// Whether the races of the program are looked for, not those of the runtime.
// Always the same in a process.
#if HEDDLE_TSAN
bool RaceExact();
#else
constexpr bool RaceExact() { return false; }
#endif

#if HEDDLE_TSAN
namespace race_internal {
void Enter(Fiber* f);
void Leave(Fiber* f);
void LeaveAtThreadEnd();
void Pause(Fiber* f);
void Continue(Fiber* f);
int32_t Suspend(Fiber* f);
void Resume(Fiber* f, int32_t levels);
void Acquire(Fiber* f, const void* address);
void Release(Fiber* f, const void* address);
void ReleaseMerge(Fiber* f, const void* address);
void AcquireParked(Fiber* parked, const void* address);
void ReleaseParked(Fiber* parked, const void* address);
}  // namespace race_internal
#define HEDDLE_RACE_CALL(call) race_internal::call
#else
#define HEDDLE_RACE_CALL(call) static_cast<void>(0)
#endif

// From here on the calling context is inside the runtime: not looked at. Nests.
inline void RaceEnter([[maybe_unused]] Fiber* f) { HEDDLE_RACE_CALL(Enter(f)); }
// Undoes one RaceEnter.
inline void RaceLeave([[maybe_unused]] Fiber* f) { HEDDLE_RACE_CALL(Leave(f)); }

// Undoes the only RaceEnter of a thread that is about to end, once it has
// destroyed its thread_locals: whatever goroutine they were made by, it ran on
// this thread.
inline void RaceLeaveAtThreadEnd() { HEDDLE_RACE_CALL(LeaveAtThreadEnd()); }

// Code of the user's, which the runtime calls, is looked at after all, and may
// call the runtime. Suspend returns what Resume is to be given.
#if HEDDLE_TSAN
inline int32_t RaceSuspend(Fiber* f) { return race_internal::Suspend(f); }
inline void RaceResume(Fiber* f, int32_t levels) {
  race_internal::Resume(f, levels);
}
#else
constexpr int32_t RaceSuspend(Fiber* /*f*/) { return 0; }
constexpr void RaceResume(Fiber* /*f*/, int32_t /*levels*/) {}
#endif

// The same around what does not call the runtime, which is cheaper.
inline void RacePause([[maybe_unused]] Fiber* f) { HEDDLE_RACE_CALL(Pause(f)); }
inline void RaceContinue([[maybe_unused]] Fiber* f) {
  HEDDLE_RACE_CALL(Continue(f));
}

// All that was released at `address` happened before what the caller does next.
// (raceacquire)
inline void RaceAcquire([[maybe_unused]] Fiber* f,
                        [[maybe_unused]] const void* address) {
  HEDDLE_RACE_CALL(Acquire(f, address));
}
// What the caller did until now can be acquired at `address`, and nothing else.
// (racerelease)
inline void RaceRelease([[maybe_unused]] Fiber* f,
                        [[maybe_unused]] const void* address) {
  HEDDLE_RACE_CALL(Release(f, address));
}
// The same, besides what was released there before. (racereleasemerge)
inline void RaceReleaseMerge([[maybe_unused]] Fiber* f,
                             [[maybe_unused]] const void* address) {
  HEDDLE_RACE_CALL(ReleaseMerge(f, address));
}

// RaceAcquire and RaceReleaseMerge for a goroutine that is parked, and stays so
// meanwhile. (raceacquireg, racereleaseg)
inline void RaceAcquireParked([[maybe_unused]] Fiber* parked,
                              [[maybe_unused]] const void* address) {
  HEDDLE_RACE_CALL(AcquireParked(parked, address));
}
inline void RaceReleaseParked([[maybe_unused]] Fiber* parked,
                              [[maybe_unused]] const void* address) {
  HEDDLE_RACE_CALL(ReleaseParked(parked, address));
}

#undef HEDDLE_RACE_CALL

// Where the go statement releases and the goroutine acquires; where who ends a
// wait releases, and who waited acquires.
inline const void* RaceBirth([[maybe_unused]] const Fiber* f) {
#if HEDDLE_TSAN
  return &f->born;
#else
  return nullptr;
#endif
}
inline const void* RaceWoken([[maybe_unused]] const Fiber* f) {
#if HEDDLE_TSAN
  return &f->woken;
#else
  return nullptr;
#endif
}

// A place to synchronise on, where there is no other.
struct RaceSync {
#if HEDDLE_TSAN
  char place = 0;
#endif
};

}  // namespace heddle::sanitizer

#endif  // RUNTIME_SANITIZER_RACE_H_
