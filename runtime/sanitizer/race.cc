#include "heddle/runtime/sanitizer/race.h"

#if HEDDLE_TSAN

#include <pthread.h>
#include <sanitizer/tsan_interface.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "heddle/runtime/sanitizer/look_away.h"
#include "heddle/runtime/sanitizer/tsan_fiber.h"

namespace heddle::sanitizer {
namespace {

pthread_key_t thread_end;

// Of a thread that is no M.
constinit thread_local Fiber outside;

HEDDLE_NO_SANITIZE_THREAD Fiber* Of(Fiber* f) {
  return f != nullptr ? f : &outside;
}

// Makes `parked` the current fiber for a scope.
class As {
 public:
  HEDDLE_NO_SANITIZE_THREAD explicit As(const Fiber* parked)
      : self_(__tsan_get_current_fiber()) {
    __tsan_switch_to_fiber(parked->tsan, tsan::kNoSync);
  }
  HEDDLE_NO_SANITIZE_THREAD ~As() {
    __tsan_switch_to_fiber(self_, tsan::kNoSync);
  }

 private:
  void* const self_;
};

uintptr_t Address(const void* address) {
  return reinterpret_cast<uintptr_t>(address);
}

}  // namespace

HEDDLE_NO_SANITIZE_THREAD bool RaceExact() {
  // 0: not known yet.
  static constinit std::atomic<int> exact{0};
  int value = exact.load(std::memory_order_relaxed);
  if (value == 0) {
    const char* const env = std::getenv("HEDDLE_TSAN");
    value = env != nullptr && std::strcmp(env, "runtime") == 0 ? -1 : 1;
    exact.store(value, std::memory_order_relaxed);
  }
  return value > 0;
}

namespace race_internal {

HEDDLE_NO_SANITIZE_THREAD void Enter(Fiber* f) {
  if (RaceExact() && Of(f)->ignoring++ == 0) LookAway();
}

HEDDLE_NO_SANITIZE_THREAD void Leave(Fiber* f) {
  if (RaceExact() && --Of(f)->ignoring == 0) LookAgain();
}

// POSIX threads' specific values are destroyed in rounds, of which there are
// four, and TSan ends a thread in the last.
HEDDLE_NO_SANITIZE_THREAD void AtThreadEnd(void* round) {
  const auto n = reinterpret_cast<uintptr_t>(round);
  constexpr uintptr_t kLast = 3;
  if (n == kLast) {
    LookAgain();
  } else {
    pthread_setspecific(thread_end, reinterpret_cast<void*>(n + 1));
  }
}

HEDDLE_NO_SANITIZE_THREAD void LeaveAtThreadEnd() {
  if (!RaceExact()) return;
  static constinit pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, [] { pthread_key_create(&thread_end, AtThreadEnd); });
  pthread_setspecific(thread_end, reinterpret_cast<void*>(uintptr_t{1}));
}

HEDDLE_NO_SANITIZE_THREAD void Pause(Fiber* f) {
  if (RaceExact() && Of(f)->ignoring > 0) LookAgain();
}

HEDDLE_NO_SANITIZE_THREAD void Continue(Fiber* f) {
  if (RaceExact() && Of(f)->ignoring > 0) LookAway();
}

HEDDLE_NO_SANITIZE_THREAD int32_t Suspend(Fiber* f) {
  if (!RaceExact()) return 0;
  const int32_t levels = std::exchange(Of(f)->ignoring, 0);
  if (levels > 0) LookAgain();
  return levels;
}

HEDDLE_NO_SANITIZE_THREAD void Resume(Fiber* f, int32_t levels) {
  if (levels > 0) LookAway();
  Of(f)->ignoring = levels;
}

HEDDLE_NO_SANITIZE_THREAD void Acquire(Fiber* f, const void* address) {
  Pause(f);
  __tsan_acquire(const_cast<void*>(address));
  Continue(f);
}

HEDDLE_NO_SANITIZE_THREAD void Release(Fiber* f, const void* address) {
  Pause(f);
  __tsan_java_release_store(Address(address));
  Continue(f);
}

HEDDLE_NO_SANITIZE_THREAD void ReleaseMerge(Fiber* f, const void* address) {
  Pause(f);
  __tsan_release(const_cast<void*>(address));
  Continue(f);
}

HEDDLE_NO_SANITIZE_THREAD void AcquireParked(Fiber* parked,
                                             const void* address) {
  if (!RaceExact()) return;
  const As as(parked);
  __tsan_acquire(const_cast<void*>(address));
}

HEDDLE_NO_SANITIZE_THREAD void ReleaseParked(Fiber* parked,
                                             const void* address) {
  if (!RaceExact()) return;
  const As as(parked);
  __tsan_release(const_cast<void*>(address));
}

}  // namespace race_internal
}  // namespace heddle::sanitizer

#endif  // HEDDLE_TSAN
