#include "heddle/runtime/sched/stop_the_world.h"

#include <stdexcept>

#include "absl/strings/str_format.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/retake.h"

namespace heddle::sched {
namespace {

// How long to wait for Ms inside the runtime to stop their Ps themselves,
// before looking again which have left it. Go's.
constexpr int64_t kLookAgainNs = 100'000;

enum class Stop { kStopped, kWait, kBusy };

// Begins to stop the world; kBusy if somebody else is at it.
Stop BeginStop(M* mp) {
  Sched* sched = mp->sched;
  os::LockGuard guard(sched->lock);
  if (sched->gcwaiting()) return Stop::kBusy;
  // Counted down by each P that stops; ours does now.
  sched->stopwait = sched->gomaxprocs.load(std::memory_order_relaxed) - 1;
  sched->SetHalted(Sched::kGcWaiting);
  mp->p->status.store(PStatus::kGcstop, std::memory_order_relaxed);
  while (P* pp = PidleGet(sched)) {
    pp->status.store(PStatus::kGcstop, std::memory_order_relaxed);
    sched->stopwait--;
  }
  return sched->stopwait > 0 ? Stop::kWait : Stop::kStopped;
}

// Stops the Ps of goroutines in user code and in blocking calls, which go on
// until they enter the runtime.
void TakeAll(Sched* sched) {
  if (!sched->takes_ps) return;
  const int32_t n = sched->gomaxprocs.load(std::memory_order_relaxed);
  for (int32_t i = 0; i < n; i++) {
    P* pp = GetP(sched, i);
    if (pp->status.load(std::memory_order_relaxed) == PStatus::kGcstop ||
        !TakeP(sched, pp)) {
      continue;
    }
    os::LockGuard guard(sched->lock);
    GcStopP(sched, pp);
  }
}

}  // namespace

void StopTheWorld() {
  M* mp = Acquirem();
  Stop stop = BeginStop(mp);
  while (stop == Stop::kBusy) {
    Releasem(mp);
    // This M stops as well, until the other one is done.
    Gosched();
    mp = Acquirem();
    stop = BeginStop(mp);
  }
  if (stop == Stop::kStopped) return;
  // Whoever stops the last P wakes the note: perhaps TakeAll.
  do {
    TakeAll(mp->sched);
  } while (!mp->sched->stopnote.SleepFor(kLookAgainNs));
  mp->sched->stopnote.Clear();
}

void StartTheWorld(int32_t procs, SparePs* spare) {
  M* mp = Getm();
  Sched* sched = mp->sched;
  P* runnable;
  {
    os::LockGuard guard(sched->lock);
    runnable = ProcResize(sched, procs, spare);
    sched->ClearHalted(Sched::kGcWaiting);
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
  Sched* sched = Getm()->sched;
  if (n > kMaxProcs) {
    throw std::invalid_argument(absl::StrFormat(
        "heddle: GoMaxProcs(%d): there can be at most %d Ps", n, kMaxProcs));
  }
  const int32_t before = sched->gomaxprocs.load(std::memory_order_relaxed);
  if (n <= 0 || n == before) return before;
  // Who walked in the old order has stopped: TSan is not shown how.
  const RaceScope not_looked_at;
  SparePs spare(sched, n);
  StopTheWorld();
  const int32_t old = sched->gomaxprocs.load(std::memory_order_relaxed);
  StartTheWorld(n, &spare);
  return old;
}

}  // namespace heddle::sched
