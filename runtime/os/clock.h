// Clocks, sleeping and yielding for the runtime itself.
//
// All of it is callable from any thread and stack, with or without a runtime
// lock; nothing allocates and nothing changes errno. User code sleeps with
// heddle::Sleep: Usleep blocks the whole thread.

#ifndef RUNTIME_OS_CLOCK_H_
#define RUNTIME_OS_CLOCK_H_

#include <cstdint>

namespace heddle::os {

// Nanoseconds of CLOCK_MONOTONIC: never goes back, its zero means nothing (Go's
// nanotime).
int64_t Nanotime();

// A counter that grows with time, some per nanosecond or some nanoseconds each
// (x86-64: 0.2 to 1 ns, aarch64: 1 to 50), for who wants to know whether it is
// worth while to read the clock: a third of that's cost. It may differ between
// CPUs.
inline uint64_t Ticks() {
#if defined(__x86_64__)
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  uint64_t ticks;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#endif
}
// A few microseconds, as far as that can be said; and how long a tick is at
// most.
#if defined(__x86_64__)
inline constexpr uint64_t kFewTicks = 8192;
inline constexpr int64_t kMostNsPerTick = 1;
#elif defined(__aarch64__)
inline constexpr uint64_t kFewTicks = 64;
inline constexpr int64_t kMostNsPerTick = 50;
#endif

// Nanoseconds since 1970-01-01 UTC by CLOCK_REALTIME (Go's walltime).
int64_t Walltime();

// Blocks the thread for `us` microseconds at least, however many signals come;
// returns at once if `us` <= 0 (Go's usleep).
void Usleep(int64_t us);

// Blocks the thread until Nanotime() is `when` at least.
void SleepUntil(int64_t when);

// How far the kernel may put off the end of the calling thread's sleeps, so as
// to end several at once: 50,000 nanoseconds unless it is told otherwise.
// Returns what it was; -1 if that cannot be found out, and nothing is changed.
int64_t SetTimerSlack(int64_t ns);

// The calling thread's sleeps end when they are due, for a scope. Around the
// sleep alone: threads and programs that a thread starts inherit its slack. Two
// of a runtime's sleeps are never worth ending at once.
class FineTimerScope {
 public:
  FineTimerScope() : was_(SetTimerSlack(1)) {}
  ~FineTimerScope() {
    if (was_ >= 0) SetTimerSlack(was_);
  }
  FineTimerScope(const FineTimerScope&) = delete;
  FineTimerScope& operator=(const FineTimerScope&) = delete;

 private:
  const int64_t was_;
};

// Lets another thread of this CPU run, if one waits (Go's osyield).
void OsYield();

// Tells the CPU `n` times that this thread spins (Go's procyield). Some 40
// cycles each on x86-64.
inline void ProcYield(int n) {
  for (; n > 0; --n) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("isb" ::: "memory");  // "yield" is a nop on most cores
#else
    asm volatile("" ::: "memory");
#endif
  }
}

}  // namespace heddle::os

#endif  // RUNTIME_OS_CLOCK_H_
