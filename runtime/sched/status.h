// The states of a G and of a P, and who may change them.
//
//   G: from → to            by                        who owns the stack after
//   idle     → dead         NewProc1, a new G         nobody yet
//   dead     → runnable     NewProc1                  nobody: it is queued
//   runnable → running      Execute                   the M that executes it
//   running  → runnable     GoschedM                  nobody: it is queued
//   running  → waiting      ParkM                     nobody
//   running  → runnable     ExitSyscall0, at the gate nobody: it is queued
//   waiting  → runnable     Goready, ParkM on refusal nobody: it is queued
//   running  → syscall      EnterSyscall              its M, even without a P
//   syscall  → running      ExitSyscall               its M
//   syscall  → runnable     ExitSyscall0              nobody: it is queued
//   running  → dead         Goexit0                   nobody; freed or cached
//
//   P: idle ↔ running ↔ syscall (its M), running or syscall → idle (who takes
//   it, through the gate), idle or running → gcstop (StopTheWorld), gcstop →
//   idle or running (StartTheWorld), any stopped → dead (ProcResize) and back.
//
// Source: Go 1.21's runtime2.go; the numbers are Go's, as its scheddetail
// prints them. Go changes the state with a compare-and-swap because its
// collector sets a scan bit on Gs that it does not own. Nobody does that here:
// in each state one party owns the G and alone may change it, so the change is
// a plain store, after a check.

#ifndef RUNTIME_SCHED_STATUS_H_
#define RUNTIME_SCHED_STATUS_H_

#include <cstdint>

namespace heddle::sched {

enum class GStatus : uint8_t {
  kIdle = 0,
  kRunnable = 1,
  kRunning = 2,
  kSyscall = 3,
  kWaiting = 4,
  kDead = 6,
};

enum class PStatus : uint32_t {
  kIdle = 0,
  kRunning = 1,
  kSyscall = 2,
  kGcstop = 3,
  kDead = 4,
};

// The names that tracebacks print.
constexpr const char* GStatusText(GStatus s) {
  switch (s) {
    case GStatus::kIdle:
      return "idle";
    case GStatus::kRunnable:
      return "runnable";
    case GStatus::kRunning:
      return "running";
    case GStatus::kSyscall:
      return "syscall";
    case GStatus::kWaiting:
      return "waiting";
    case GStatus::kDead:
      return "dead";
  }
  return "unknown";
}

// The table above.
constexpr bool GTransitionAllowed(GStatus from, GStatus to) {
  switch (from) {
    case GStatus::kIdle:
      return to == GStatus::kDead;
    case GStatus::kDead:
      return to == GStatus::kRunnable;
    case GStatus::kRunnable:
      return to == GStatus::kRunning;
    case GStatus::kRunning:
      return to == GStatus::kRunnable || to == GStatus::kWaiting ||
             to == GStatus::kSyscall || to == GStatus::kDead;
    case GStatus::kSyscall:
      return to == GStatus::kRunning || to == GStatus::kRunnable;
    case GStatus::kWaiting:
      return to == GStatus::kRunnable;
  }
  return false;
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_STATUS_H_
