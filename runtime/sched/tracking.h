// Latency tracking: how long goroutines that are runnable wait for their turn,
// and how long they wait for mutexes. One in kGTrackingPeriod changes of a
// goroutine out of the running state is timed, from there until it runs again;
// the others cost a count and a branch.
//
//   TrackNew         NewProc1
//   TrackWaiting     ParkM
//   TrackReady       Goready
//   TrackRunnable    GoschedM, AloneOnP, ExitSyscall0
//   TrackRunning     Execute, GoOn, AloneOnP
//
// To be called by who owns gp in the state that it leaves, before the change.
// One that runs is not tracked.
//
// Source: Go 1.21's casgstatus and newproc1 (gp.tracking), sched.timeToRun and
// sched.totalMutexWaitTime.

#ifndef RUNTIME_SCHED_TRACKING_H_
#define RUNTIME_SCHED_TRACKING_H_

#include <cstdint>

#include "absl/base/optimization.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

// After gp has its number.
inline void TrackNew(G* gp) {
  // Scattered (Knuth's multiplicative hash), so that the sample does not fall
  // in step with the program.
  gp->tracking_seq =
      static_cast<uint8_t>(static_cast<uint32_t>(gp->goid) * 0x9e3779b1u >> 24);
  gp->tracking = gp->tracking_seq % kGTrackingPeriod == 0;
  if (gp->tracking) gp->tracked_since = os::Nanotime();
}

// gp has stopped: whether that is a sample.
inline bool TrackStopped(G* gp) {
  if (ABSL_PREDICT_TRUE(gp->tracking_seq++ % kGTrackingPeriod != 0)) {
    return false;
  }
  gp->tracking = true;
  return true;
}

// gp has stopped and is runnable.
inline void TrackRunnable(G* gp) {
  if (TrackStopped(gp)) gp->tracked_since = os::Nanotime();
}

// gp has stopped and waits; of waits, those for mutexes are timed. Before it
// can be readied.
inline void TrackWaiting(G* gp) {
  if (TrackStopped(gp) &&
      IsMutexWait(gp->waitreason.load(std::memory_order_relaxed))) {
    gp->tracked_since = os::Nanotime();
  }
}

// gp waited and is runnable.
inline void TrackReady(Sched* sched, G* gp) {
  if (!gp->tracking) return;
  const int64_t now = os::Nanotime();
  if (IsMutexWait(gp->waitreason.load(std::memory_order_relaxed))) {
    sched->mutex_wait_ns.fetch_add((now - gp->tracked_since) * kGTrackingPeriod,
                                   std::memory_order_relaxed);
  }
  gp->tracked_since = now;
}

// Out of the way of the switches.
[[gnu::cold, gnu::noinline]] inline void RecordTimeToRun(Sched* sched, G* gp) {
  gp->tracking = false;
  sched->time_to_run.Record(os::Nanotime() - gp->tracked_since);
}
inline void TrackRunning(Sched* sched, G* gp) {
  if (ABSL_PREDICT_FALSE(gp->tracking)) RecordTimeToRun(sched, gp);
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_TRACKING_H_
