#include "runtime/sched/check_dead.h"

namespace heddle::sched {
namespace {

// Takes mp off the list of idle Ms, if it is on it.
bool RemoveIdle(Sched* sched, M* mp)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock) {
  for (M** link = &sched->midle; *link != nullptr; link = &(*link)->schedlink) {
    if (*link != mp) continue;
    *link = mp->schedlink;
    mp->schedlink = nullptr;
    sched->nmidle--;
    return true;
  }
  return false;
}

}  // namespace

void CheckDead(Sched* sched) {
  // Not before main is there, nor after the end of Run.
  if (!sched->main_started.load(std::memory_order_relaxed)) return;
  const int32_t running =
      sched->nm - sched->nmidle - sched->nmidlelocked - sched->nmsys;
  if (running > 0) return;
  if (running < 0) base::Throw("checkdead: inconsistent counts");
  // A G that was queued by a thread outside: its WakeP is under way.
  if (sched->runqsize.load(std::memory_order_relaxed) != 0) return;
  const int64_t left = GCount(sched);
  if (left == 0) {
    if (!sched->main_done) base::Throw("checkdead: no main goroutine");
    if (sched->options.on_main_return == OnMainReturn::kAbandon &&
        !sched->run_done.load(std::memory_order_relaxed)) {
      base::Throw("no goroutines (main called heddle::Goexit) - deadlock!");
    }
    FinishRun(sched);
  }
}

void FinishRun(Sched* sched) {
  // Release: pairs with the acquire in FindRunnable on m0.
  sched->run_done.store(true, std::memory_order_release);
  sched->main_started.store(false, std::memory_order_relaxed);
  if (sched->m0_waits) {
    sched->m0_waits = false;
    sched->main_note.Wakeup();
  } else if (RemoveIdle(sched, sched->m0)) {
    sched->m0->leave = true;
    sched->m0->park.Wakeup();
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
