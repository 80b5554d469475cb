#include "heddle/runtime/os/clock.h"

#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

#include <cerrno>

namespace heddle::os {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kNsPerUs = 1'000;

int64_t Read(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);  // cannot fail for these clocks
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

}  // namespace

int64_t Nanotime() { return Read(CLOCK_MONOTONIC); }

int64_t Walltime() { return Read(CLOCK_REALTIME); }

void Usleep(int64_t us) {
  if (us <= 0) return;
  // An absolute end: a sleep that signals cut short does not grow by rounding.
  // In timespecs, not nanoseconds: any int64_t of microseconds is a valid end.
  timespec end;
  clock_gettime(CLOCK_MONOTONIC, &end);
  constexpr int64_t kUsPerSecond = kNsPerSecond / kNsPerUs;
  end.tv_sec += us / kUsPerSecond;
  end.tv_nsec += us % kUsPerSecond * kNsPerUs;
  if (end.tv_nsec >= kNsPerSecond) {
    end.tv_nsec -= kNsPerSecond;
    ++end.tv_sec;
  }
  // Returns its error; errno stays as it is.
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr) ==
         EINTR) {
  }
}

void SleepUntil(int64_t when) {
  timespec end;
  end.tv_sec = when / kNsPerSecond;
  end.tv_nsec = when % kNsPerSecond;
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr) ==
         EINTR) {
  }
}

int64_t SetTimerSlack(int64_t ns) {
  const int saved_errno = errno;
  const int64_t was = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  if (was >= 0) prctl(PR_SET_TIMERSLACK, ns, 0, 0, 0);
  errno = saved_errno;
  return was;
}

void OsYield() { sched_yield(); }

}  // namespace heddle::os
