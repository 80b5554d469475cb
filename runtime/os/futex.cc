#include "heddle/runtime/os/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::os {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t) &&
                  std::atomic<uint32_t>::is_always_lock_free,
              "the kernel sees a plain 32-bit word");

namespace {

// ThreadSanitizer puts signals off until the thread makes a call that it knows;
// of this one it knows nothing. So a thread that sleeps comes back now and
// then, or SIGQUIT would not be answered while all sleep.
constexpr int64_t kTsanSleepNs = 100'000'000;

void TakeSignals() {
  if constexpr (sanitizer::kTsan) usleep(0);
}

}  // namespace

void FutexSleep(std::atomic<uint32_t>* word, uint32_t value, int64_t ns) {
  constexpr int64_t kNsPerSecond = 1'000'000'000;
  if (sanitizer::kTsan) ns = ns < 0 ? kTsanSleepNs : std::min(ns, kTsanSleepNs);
  timespec limit;
  if (ns >= 0) {
    limit.tv_sec = ns / kNsPerSecond;
    limit.tv_nsec = ns % kNsPerSecond;
  }
  // errno belongs to the goroutine whose call led here.
  const int saved_errno = errno;
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value,
          ns >= 0 ? &limit : nullptr, nullptr, 0);
  TakeSignals();
  errno = saved_errno;
}

void FutexWakeup(std::atomic<uint32_t>* word, int n) {
  const int saved_errno = errno;
  if (syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, n, nullptr, nullptr, 0) <
          0 &&
      errno != EFAULT) {  // EFAULT: the sleeper has gone on and unmapped it
    base::PrintErr("runtime: futex wake of %p failed (errno=%d)\n", word,
                   errno);
    base::Throw("futexwakeup");
  }
  errno = saved_errno;
}

}  // namespace heddle::os
