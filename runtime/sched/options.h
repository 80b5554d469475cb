// What a runtime can be told at its start, with the limits of each.

#ifndef RUNTIME_SCHED_OPTIONS_H_
#define RUNTIME_SCHED_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include "heddle/runtime/sched/debug_vars.h"

namespace heddle::sched {

// The most Ps that a runtime can have.
inline constexpr int kMaxProcs = 1024;

// What Run does when its main function returns.
enum class OnMainReturn {
  // Waits until every goroutine has finished.
  kWait,
  // Returns at once, as a Go program ends. Goroutines that are left stop at
  // their next call of the runtime that may switch.
  kAbandon,
};

// When a runtime whose goroutines are all blocked is reported as deadlocked.
enum class DeadlockCheck {
  // When no thread of the process is left that could wake one: all of them are
  // the runtimes' own, and asleep. A thread that the program has made, whatever
  // it does, thus keeps a deadlock from being reported.
  kAuto,
  // At once: for programs of which no thread outside this runtime ever makes a
  // goroutine runnable.
  kAlways,
  // Never.
  kNever,
};

struct Options {
  // Ps, 1 to kMaxProcs. 0: the environment variable HEDDLE_PROCS if it is set,
  // else the CPUs that this process may use (affinity mask, cgroup quota).
  int procs = 0;
  // Usable bytes of a goroutine's stack, stack::kMinStack to stack::kMaxStack;
  // rounded up to a power of two.
  size_t stack_size = 64 << 10;
  // The most threads that run goroutines, Run's caller among them, 1 or more;
  // the runtime dies beyond that.
  int max_threads = 10'000;
  // Milliseconds that a thread has nothing to do before it ends, if there are
  // more than procs + 1 of them; up to a half more, by chance. 0: they stay.
  int thread_idle_ms = 5000;
  // Makes the scheduler's choices at random (Go's randomizeScheduler), to
  // shake out what relies on an order. With one P, reproducible from `seed`:
  // what depends on the clock, as `preempt`, is off then.
  bool randomize = false;
  // Seeds all of the scheduler's random choices. 0 is a seed like any other.
  uint64_t seed = 0;
  // Sysmon takes the P of a goroutine that has computed, or waited outside
  // Blocking, for 10 ms if there is other work; the goroutine goes on on its
  // thread, and waits for a P at its next call of the runtime. False: it keeps
  // it, and others wait.
  bool preempt = true;
  OnMainReturn on_main_return = OnMainReturn::kWait;
  DeadlockCheck deadlock = DeadlockCheck::kAuto;
  // SIGQUIT prints all goroutines of the process before it ends it as ever,
  // unless the program has a handler for it, or ignores it, when its first
  // runtime with this option begins.
  bool dump_on_sigquit = true;
  // For tests: a goroutine that was parked or that yielded goes on on another
  // thread than the one that ran it last, each time. Finds what was kept of a
  // thread across a switch. Slow: a thread is woken for every switch.
  bool migrate_always = false;
  // In debug builds, reports a goroutine that leaves its thread while that
  // holds a pthread or std mutex of the goroutine's (runtime/debug/held_locks.h
  // and docs/held_locks.md). Nothing in builds with -c opt.
  bool check_held_locks = true;
  // What the environment variable HEDDLE_DEBUG can set as well.
  DebugVars debug = {};
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_OPTIONS_H_
