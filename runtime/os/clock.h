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
