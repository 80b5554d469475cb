#include "heddle/runtime/sched/timers.h"

#include <algorithm>

#include "absl/base/optimization.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/spin_lock.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/poll.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/thread_timers.h"
#include "heddle/runtime/sched/tracking.h"

namespace heddle::sched {
namespace {

// What is taken out of a heap, or moved in it, under one hold of its lock, and
// done before the scheduler goes on.
constexpr int kBatch = 64;

// What is due waits in its heap, in order, while the P has so many others to
// run: in the global queue, to which a full ring overflows, it would come after
// all that is there. But for each kTurns-th turn of the scheduler: a ring may
// stay that full for ever.
constexpr uint32_t kEnough = kRunqSize / 2;
constexpr uint32_t kTurns = 16;

struct Batch {
  uintptr_t due[kBatch];
  int n = 0;
};

// Moves what is due at `now` from the heap to the batch, `most` at most. Timers
// come with a reference.
void TakeDue(Timers* timers, int64_t now, int most, Batch* batch) {
  const os::SpinLockGuard guard(timers->lock);
  Timers::Heap& heap = timers->heap;
  for (int i = 0; i < most && !heap.empty() && heap.top().when <= now; i++) {
    const Timers::Heap::Entry top = heap.top();
    Timer* t = TimerOf(top.what);
    if (t != nullptr && t->when > now) {
      // It was put off.
      heap.Move(0, t->when);
      continue;
    }
    batch->due[batch->n++] = top.what;
    if (t == nullptr) {
      __builtin_prefetch(SleeperOf(top.what), 1);
      heap.Pop();
    } else if (t->period == 0) {
      heap.Pop();
      // Release: pairs with the acquire in LockHome, where another heap's lock
      // is taken next.
      t->home.store(nullptr, std::memory_order_release);
    } else {
      // The next of its times that is to come: those that were missed are left
      // out. It stays armed.
      t->Ref();
      const int64_t missed = (now - t->when) / t->period;
      const int64_t rest = kNeverDue - 1 - t->when;
      t->when = t->period > rest / (missed + 1)
                    ? kNeverDue - 1
                    : t->when + t->period * (missed + 1);
      heap.Move(0, t->when);
    }
  }
  heap.Shrink();
  timers->Changed();
}

// How many to take for pp: as many as its ring has room for, since what
// overflows goes behind all others, and some if it has none.
int MostAtOnce(const P* pp) {
  constexpr int kLeast = 8;
  const int room = static_cast<int>(kRunqSize - pp->runq.size());
  return std::clamp(room, kLeast, kBatch);
}

// Locks and returns the heap that t is in; null if it is in none.
Timers* LockHome(Timer* t) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  for (;;) {
    // Acquire: pairs with the release in TakeDue.
    Timers* home = t->home.load(std::memory_order_acquire);
    if (home == nullptr) return nullptr;
    home->lock.lock();
    if (t->home.load(std::memory_order_relaxed) == home) return home;
    // It was due, or its P is gone.
    home->lock.unlock();
  }
}

// Gives t another time if it is in `to`; *earliest as in Arm.
HEDDLE_INLINE bool MoveWithin(Timer* t, Timers* to, int64_t when,
                              int64_t period,
                              bool* earliest) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (t->home.load(std::memory_order_relaxed) != to) return false;
  const os::SpinLockGuard guard(to->lock);
  if (t->home.load(std::memory_order_relaxed) != to) return false;
  t->period = period;
  t->when = when;
  // It is put off: the heap can wait. (INV-T1)
  if (when >= to->heap[t->index].when) return true;
  to->heap.Move(t->index, when);
  *earliest = to->Changed();
  return true;
}

// Takes t out of its heap, if it is in one; the heap's reference is the
// caller's then.
bool TakeOut(Timer* t) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  Timers* home = LockHome(t);
  if (home == nullptr) return false;
  home->heap.Remove(t->index);
  home->heap.Shrink();
  home->Changed();
  // Release: as in TakeDue.
  t->home.store(nullptr, std::memory_order_release);
  home->lock.unlock();
  return true;
}

// Arms t in `to`; returns whether it was armed. *earliest, false before the
// call, becomes true if it is the first there now.
HEDDLE_INLINE bool Arm(Timer* t, Timers* to, int64_t when, int64_t period,
                       bool* earliest) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (MoveWithin(t, to, when, period, earliest)) return true;
  os::LockGuard guard(t->lock);
  const bool was_armed = TakeOut(t);
  if (!was_armed) t->Ref();
  to->lock.lock();
  t->period = period;
  t->when = when;
  t->home.store(to, std::memory_order_relaxed);
  to->heap.Push({when, DueTimer(t)});
  *earliest = to->Changed();
  to->lock.unlock();
  return was_armed;
}

// ArmTimer on a plain thread, which has called Acquirem. Apart, so that the
// usual ArmTimer saves no registers for it.
[[gnu::noinline, gnu::cold]] bool ArmFromOutside(Timer* timer, int64_t when,
                                                 int64_t period) {
  bool earliest = false;
  // Until the poller is woken: the firing may be what the runtime's end waits
  // for.
  const Visit visit(timer->maker);
  Sched* sched = visit.sched();
  Timers* to = sched != nullptr ? &GetP(sched, 0)->timers() : ThreadTimers();
  const bool was_armed = Arm(timer, to, when, period, &earliest);
  if (earliest) {
    if (sched != nullptr) {
      WakePoller(sched, when);
    } else {
      WakeThreadTimers(when);
    }
  }
  Releasem(nullptr);
  return was_armed;
}

// Gopark's commit for a sleeper.
bool ArmSleep(G* gp, void* until) {
  // In gp's frame, which may be gone once it is in the heap.
  const int64_t when = *static_cast<int64_t*>(until);
  M* mp = Getm();
  Timers* timers = &mp->p->timers();
  bool earliest;
  {
    const os::SpinLockGuard guard(timers->lock);
    timers->heap.Push({when, DueG(gp)});
    earliest = timers->Changed();
  }
  // This M is on its way to the scheduler. If it has something to run there,
  // another one should see to the timer; if not, it does.
  if (earliest && !mp->p->QueuesEmpty()) WakePoller(mp->sched, when);
  return true;
}

// Puts goroutines that have become runnable into the queue of mp's P.
void Queue(M* mp, GQueue<G>* ready, int32_t n) {
  Sched* sched = mp->sched;
  P* pp = mp->p;
  const bool was_empty = pp->QueuesEmpty();
  if (n == 1) {
    RunqPut(sched, pp, ready->Pop(), /*next=*/true);
    // It is this M that runs it.
    if (was_empty) return;
  } else {
    n -= static_cast<int32_t>(pp->runq.PutBatch(ready));
    if (n > 0) {
      os::LockGuard guard(sched->lock);
      GlobRunqPutBatch(sched, ready, n);
    }
  }
  WakeP(sched);
}

}  // namespace

void Timer::Unref() {
  // TSan is shown what the last one comes after, and not the others' order.
  RaceReleaseMerge(&refs);
  {
    const RaceScope not_looked_at;
    // Release, for all but the last, and acquire, for the last: it sees what
    // the others did to it.
    if (refs.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  }
  RaceAcquire(&refs);
  destroy(this);
}

void SleepUntil(int64_t when) {
  const InRuntime in;
  Gopark(ArmSleep, &when, WaitReason::kSleep);
}

bool ArmTimer(Timer* timer, int64_t when, int64_t period, int64_t now) {
  RaceReleaseMerge(timer);
  M* mp = Acquirem();
  if (ABSL_PREDICT_FALSE(mp == nullptr)) {
    return ArmFromOutside(timer, when, period);
  }
  P* pp = mp->p;
  Timers* to = pp != nullptr ? &pp->timers() : &GetP(mp->sched, 0)->timers();
  bool earliest = false;
  const bool was_armed = Arm(timer, to, when, period, &earliest);
  if (earliest && (pp == nullptr || TimerIsNear(when, now))) {
    WakePoller(mp->sched, when);
  }
  Releasem(mp);
  return was_armed;
}

bool DisarmTimer(Timer* timer) {
  M* mp = Acquirem();
  const bool was_armed = TakeOut(timer);
  Releasem(mp);
  if (was_armed) timer->Unref();
  return was_armed;
}

int64_t EarliestTimer(const Sched* sched) {
  const int32_t n = sched->gomaxprocs.load(std::memory_order_acquire);
  int64_t earliest = kNeverDue;
  for (int32_t i = 0; i < n; i++) {
    earliest =
        std::min(earliest,
                 GetP(sched, i)->timers().next.load(std::memory_order_seq_cst));
  }
  return earliest;
}

bool RunTimers(M* mp, Timers* timers, int64_t now) {
  if (timers->next.load(std::memory_order_relaxed) > now) return false;
  Batch batch;
  TakeDue(timers, now, MostAtOnce(mp->p), &batch);
  Sched* sched = mp->sched;
  GQueue<G> ready;
  int32_t n = 0;
  for (int i = 0; i < batch.n; i++) {
    Timer* t = TimerOf(batch.due[i]);
    if (t != nullptr) {
      t->fire(t, sched, now);
      continue;
    }
    G* gp = SleeperOf(batch.due[i]);
    if (sched->options.randomize) {
      Goready(gp);
      continue;
    }
    TrackReady(sched, gp);
    CasGStatus(gp, GStatus::kWaiting, GStatus::kRunnable);
    ready.PushBack(gp);
    n++;
  }
  if (n > 0) Queue(mp, &ready, n);
  return batch.n > 0;
}

void RunOwnTimers(M* mp) {
  P* pp = mp->p;
  if (pp->runq.size() >= kEnough &&
      pp->schedtick.load(std::memory_order_relaxed) % kTurns != 0) {
    return;
  }
  RunTimers(mp, &pp->timers(), os::Nanotime());
}

bool RunAllTimers(M* mp, int64_t now) {
  const int32_t n = mp->sched->gomaxprocs.load(std::memory_order_acquire);
  bool any = false;
  for (int32_t i = 0; i < n; i++) {
    if (RunTimers(mp, &GetP(mp->sched, i)->timers(), now)) any = true;
  }
  return any;
}

bool RunThreadTimers(Timers* timers, int64_t now) {
  Batch batch;
  TakeDue(timers, now, kBatch, &batch);
  for (int i = 0; i < batch.n; i++) {
    Timer* t = TimerOf(batch.due[i]);
    t->fire(t, nullptr, now);
  }
  return batch.n > 0;
}

void MoveTimers(Timers* from, Timers* to) {
  // Nobody else takes two.
  const os::SpinLockGuard to_guard(to->lock);
  const os::SpinLockGuard from_guard(from->lock);
  while (!from->heap.empty()) {
    const Timers::Heap::Entry entry = from->heap.Pop();
    Timer* t = TimerOf(entry.what);
    if (t != nullptr) t->home.store(to, std::memory_order_relaxed);
    to->heap.Push(entry);
  }
  from->heap.Shrink();
  to->Changed();
  from->Changed();
}

[[gnu::cold]] void DropTimers(Timers* timers) {
  for (;;) {
    Timer* t;
    {
      const os::SpinLockGuard guard(timers->lock);
      if (timers->heap.empty()) {
        timers->heap.Shrink();
        return;
      }
      t = TimerOf(timers->heap.Pop().what);
      // Release: as in TakeDue.
      if (t != nullptr) t->home.store(nullptr, std::memory_order_release);
      timers->Changed();
    }
    if (t != nullptr) t->Unref();
  }
}

void SysmonTimers(Sched* sched, int64_t now) {
  if (sched->npidle.load(std::memory_order_relaxed) == 0) return;
  const int64_t when = EarliestTimer(sched);
  if (TimerIsNear(when, now)) WakePoller(sched, when);
}

}  // namespace heddle::sched
