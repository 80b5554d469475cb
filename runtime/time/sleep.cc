#include "heddle/runtime/time/sleep.h"

#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/timers.h"
#include "heddle/runtime/time/nanos.h"

namespace heddle {

void Sleep(absl::Duration d) {
  const int64_t ns = time_internal::NanosUp(d);
  if (ns <= 0) return;
  const int64_t when = sched::TimeAfter(sched::TimeForTimers(), ns);
  if (sched::ParkableG() != nullptr) {
    sched::SleepUntil(when);
  } else {
    os::SleepUntil(when);
  }
}

}  // namespace heddle
