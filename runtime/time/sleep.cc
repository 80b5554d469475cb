#include "runtime/time/sleep.h"

#include "runtime/os/clock.h"
#include "runtime/sched/park.h"
#include "runtime/sched/timers.h"
#include "runtime/time/nanos.h"

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
