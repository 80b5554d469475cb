#include "heddle/runtime/sched/check_dead.h"

#include <algorithm>

#include "heddle/runtime/os/quiet_threads.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/freeze.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/poll.h"
#include "heddle/runtime/sched/timers.h"

namespace heddle::sched {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
// The pause before the first second look, and between later ones: it doubles.
constexpr int64_t kFirstPause = 10 * kNsPerMs;
constexpr int64_t kLastPause = 5000 * kNsPerMs;

[[noreturn]] void ReportDeadlock() {
  base::FatalText("all goroutines are asleep - deadlock!");
}

// Whether nothing of sched's runs, or is about to.
bool NobodyRuns(const Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock) {
  // Not before main is there, nor after the end of Run.
  if (!sched->main_started()) return false;
  const int32_t running = sched->nm - sched->nmidle - sched->nmidlelocked -
                          sched->nmsys - (sched->poll.m != nullptr ? 1 : 0);
  if (running < 0) base::Throw("checkdead: inconsistent counts");
  // A G that is queued: by a thread outside, whose WakeP is under way.
  return running == 0 && sched->runqsize.load(std::memory_order_relaxed) == 0;
}

// Whether no timer or poller of sched's will make a goroutine runnable.
bool NothingWakes(const Sched* sched) {
  return sched->wakers.load(std::memory_order_relaxed) == 0 &&
         EarliestTimer(sched) == kNeverDue;
}

// Takes mp off the list of idle Ms, if it is on it.
bool RemoveIdle(Sched* sched, M* mp)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock) {
  for (M** link = &sched->midle; *link != nullptr; link = &(*link)->schedlink) {
    if (*link != mp) continue;
    *link = mp->schedlink;
    mp->schedlink = nullptr;
    sched->nmidle--;
    RiseFromIdle(mp);
    return true;
  }
  return false;
}

// Whether main and all others are done but for system goroutines. That is not
// the end without one of these, who may run, as then all Ms come to rest.
bool OnlySystem(Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock) {
  return sched->nsystem.load(std::memory_order_relaxed) > 0 &&
         sched->main_started() && sched->main_done &&
         sched->options.on_main_return == OnMainReturn::kWait &&
         GCount(sched) == 0;
}

}  // namespace

// Of the Ms that ran the last goroutines of the user's, each comes to the lock
// once it has counted their ends, here or in CheckDead: the last to come sees
// all of them.
bool MayRunSystemG(M* mp, G* gp) {
  Sched* sched = mp->sched;
  os::LockGuard guard(sched->lock);
  if (OnlySystem(sched)) FinishRun(sched);
  if (!sched->main_started()) return false;
  if (mp != sched->m0) mp->curg = gp;
  return true;
}

bool CheckDead(Sched* sched) {
  if (OnlySystem(sched)) {
    FinishRun(sched);
    return false;
  }
  if (!NobodyRuns(sched)) return false;
  if (GCount(sched) > 0) {
    if (sched->options.deadlock == DeadlockCheck::kAlways &&
        NothingWakes(sched)) {
      ReportDeadlock();
    }
    // The poller comes here again when there are no timers any more.
    return sched->options.deadlock != DeadlockCheck::kNever &&
           sched->poll.m == nullptr;
  }
  if (!sched->main_done) base::Throw("checkdead: no main goroutine");
  if (sched->options.on_main_return == OnMainReturn::kAbandon &&
      !sched->run_done.load(std::memory_order_relaxed)) {
    base::FatalText("no goroutines (main called heddle::Goexit) - deadlock!");
  }
  FinishRun(sched);
  return false;
}

bool RecheckDead(Sched* sched) {
  os::LockGuard guard(sched->lock);
  if (!NobodyRuns(sched) || GCount(sched) == 0) return false;
  if (sched->options.deadlock == DeadlockCheck::kNever) return false;
  // Somebody makes a report, in a signal handler perhaps, on a quiet thread.
  if (Frozen()) return true;
  if (NothingWakes(sched) &&
      (sched->options.deadlock == DeadlockCheck::kAlways ||
       os::AllThreadsQuiet(sanitizer::kBackgroundThreads))) {
    ReportDeadlock();
  }
  return true;
}

void SleepAndWatch(Sched* sched, os::Note* note, bool watch) {
  int64_t pause = kFirstPause;
  while (!note->SleepFor(watch ? pause : -1)) {
    watch = RecheckDead(sched);
    pause = std::min(2 * pause, kLastPause);
  }
}

void FinishRun(Sched* sched) {
  // Release: pairs with the acquire in FindRunnable on m0.
  sched->run_done.store(true, std::memory_order_release);
  sched->SetHalted(Sched::kNoRun);
  if (sched->m0_waits) {
    sched->m0_waits = false;
    os::LeaveQuiet();
    sched->main_note.Wakeup();
  } else if (RemoveIdle(sched, sched->m0)) {
    sched->m0->leave = true;
    sched->m0->park.Wakeup();
  } else if (sched->poll.m == sched->m0) {
    sched->m0->leave = true;
    BreakPoll(sched, kAtOnce);
  }
}

int64_t GCount(const Sched* sched) {
  uint64_t exited = 0;
  uint64_t created = 0;
  // Ended before started: a goroutine that is counted as ended is then counted
  // as started too, so a look from the side is never below 0.
  for (int pass = 0; pass < 2; pass++) {
    for (int32_t i = 0; i < kMaxProcs; i++) {
      const P* pp = sched->allp[i].load(std::memory_order_acquire);
      if (pp == nullptr) break;
      if (pass == 0) {
        exited += pp->ngexited.load(std::memory_order_acquire);
      } else {
        created += pp->ngcreated.load(std::memory_order_acquire);
      }
    }
  }
  created += sched->ngcreated_without_p.load(std::memory_order_acquire);
  return static_cast<int64_t>(created - exited);
}

}  // namespace heddle::sched
