#include "runtime/sched/stop_the_world.h"

#include <stdexcept>

#include "absl/strings/str_format.h"
#include "runtime/sched/m_lifecycle.h"
#include "runtime/sched/p_lifecycle.h"
#include "runtime/sched/park.h"

namespace heddle::sched {
namespace {

enum class Stop { kStopped, kWait, kBusy };

// Begins to stop the world; kBusy if somebody else is at it.
Stop BeginStop(M* mp) {
  Sched* sched = mp->sched;
  os::LockGuard guard(sched->lock);
  if (sched->gcwaiting.load(std::memory_order_relaxed)) return Stop::kBusy;
  // Counted down by each P that stops; ours does now.
  sched->stopwait = sched->gomaxprocs.load(std::memory_order_relaxed) - 1;
  sched->gcwaiting.store(true, std::memory_order_release);
  mp->p->status.store(PStatus::kGcstop, std::memory_order_relaxed);
  while (P* pp = PidleGet(sched)) {
    pp->status.store(PStatus::kGcstop, std::memory_order_relaxed);
    sched->stopwait--;
  }
  return sched->stopwait > 0 ? Stop::kWait : Stop::kStopped;
}

}  // namespace

void StopTheWorld() {
  for (;;) {
    M* mp = Acquirem();
    switch (BeginStop(mp)) {
      case Stop::kBusy:
        Releasem(mp);
        // This M stops as well, until the other one is done.
        Gosched();
        continue;
      case Stop::kWait:
        mp->sched->stopnote.Sleep();
        mp->sched->stopnote.Clear();
        return;
      case Stop::kStopped:
        return;
    }
  }
}

void StartTheWorld(int32_t procs) {
  M* mp = Getg()->m;
  Sched* sched = mp->sched;
  P* runnable;
  {
    os::LockGuard guard(sched->lock);
    runnable = ProcResize(sched, procs);
    sched->gcwaiting.store(false, std::memory_order_release);
  }
  while (runnable != nullptr) {
    P* pp = runnable;
    runnable = pp->link;
    pp->link = nullptr;
    StartM(sched, pp, /*spinning=*/false);
  }
  // The global queue may hold more than the Ps that have work of their own.
  WakeP(sched);
  Releasem(mp);
}

int32_t GoMaxProcs(int32_t n) {
  Sched* sched = Getg()->m->sched;
  if (n > kMaxProcs) {
    throw std::invalid_argument(absl::StrFormat(
        "heddle: GoMaxProcs(%d): there can be at most %d Ps", n, kMaxProcs));
  }
  const int32_t before = sched->gomaxprocs.load(std::memory_order_relaxed);
  if (n <= 0 || n == before) return before;
  StopTheWorld();
  const int32_t old = sched->gomaxprocs.load(std::memory_order_relaxed);
  StartTheWorld(n);
  return old;
}

}  // namespace heddle::sched
