#include "runtime/time/sleep.h"

#include "runtime/os/clock.h"
#include "runtime/sched/park.h"
#include "runtime/sched/timers.h"

namespace heddle {

void Sleep(absl::Duration d) {
  // Saturates, for infinite ones too; rounds towards zero.
  int64_t ns = absl::ToInt64Nanoseconds(d);
  if (d > absl::Nanoseconds(ns)) ns += ns < sched::kNever ? 1 : 0;
  if (ns <= 0) return;
  const int64_t when = sched::TimeAfter(os::Nanotime(), ns);
  if (sched::ParkableG() != nullptr) {
    sched::SleepUntil(when);
  } else {
    os::SleepUntil(when);
  }
}

}  // namespace heddle
