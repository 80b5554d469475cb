#include "heddle/runtime/sched/m_lifecycle.h"

#include <pthread.h>

#include <cerrno>
#include <new>
#include <string_view>

#include "absl/status/statusor.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/quiet_threads.h"
#include "heddle/runtime/sched/check_dead.h"
#include "heddle/runtime/sched/direct.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/locked_m.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/poll.h"
#include "heddle/runtime/sched/proc.h"
#include "heddle/runtime/sched/schedule.h"
#include "heddle/runtime/sched/switch.h"
#include "heddle/runtime/sched/template_thread.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::sched {
namespace {

void MSpinning(M* mp) {
  // Its starter has counted it in nmspinning.
  mp->spinning = true;
}

// The body of an M's thread. (mstart, mstart1)
void MStart(void* arg) {
  M* mp = static_cast<M*>(arg);
  Setm(mp);
  Setg(&mp->g0);
  MInit(mp);
  if (mp->mstartfn != nullptr) mp->mstartfn(mp);
  P* pp = mp->nextp;
  mp->nextp = nullptr;
  // Sysmon has none; it has run, and the runtime ends.
  if (pp != nullptr) {
    AcquireP(pp);
    ScheduleLoop();
  }
  Unminit(mp);
  Setg(nullptr);
  Setm(nullptr);
}

// A thread ends, but for exit(3): called if it had an M.
void AtThreadExit(void* /*m*/) {
  const G* gp = Curg();
  if (gp == nullptr) return;
  base::PrintErr(
      "runtime: goroutine %llu has called pthread_exit, or its thread was "
      "cancelled: its thread is the runtime's, and runs others. "
      "heddle::Goexit ends a goroutine\n",
      static_cast<unsigned long long>(gp->goid));
  base::FatalText("a goroutine ended its thread");
}

void WatchThreadExit(M* mp) {
  static const pthread_key_t key = [] {
    pthread_key_t made;
    if (pthread_key_create(&made, AtThreadExit) != 0) {
      base::Throw("no pthread_key_t is left");
    }
    return made;
  }();
  pthread_setspecific(key, mp);
}

}  // namespace

void MInit(M* mp) {
  WatchThreadExit(mp);
  sanitizer::FiberCreate(&mp->g0.fiber, 0, 0);
  // A g0 is inside the runtime for good.
  sanitizer::RaceEnter(&mp->g0.fiber);
  mp->tid.store(os::GetTid(), std::memory_order_relaxed);
  mp->errno_address = &errno;
  mp->eh = ThreadEhGlobals();
  mp->signal_stack.Install();
}

void Unminit(M* mp) {
  mp->signal_stack.Remove();
  mp->tid.store(0, std::memory_order_relaxed);
  // A thread of the runtime's own goes on to destroy thread_locals, which are
  // goroutines' work.
  if (mp->id == 0) {
    sanitizer::RaceLeave(&mp->g0.fiber);
  } else {
    sanitizer::RaceLeaveAtThreadEnd();
  }
}

void BecomeSpinning(M* mp) {
  mp->spinning = true;
  mp->sched->AddSpinning();
}

void LowerSpinning(Sched* sched, const char* who) {
  if (!sched->LowerSpinning()) base::Throw("%s: negative nmspinning", who);
}

void Submit(Sched* sched, G* gp) {
  M* mp = Acquirem();
  {
    const Visit visit(sched, mp);
    SubmitOn(mp, sched, gp);
  }
  Releasem(mp);
}

void SubmitFromOutside(Sched* sched, M* mp, G* gp) {
  CheckNotInherited(sched, "a goroutine was started, or woken");
  {
    os::LockGuard guard(sched->lock);
    GlobRunqPut(sched, gp);
  }
  WakeP(sched);
}

void SubmitAll(Sched* sched, GQueue<G>* batch, int32_t n) {
  M* mp = Acquirem();
  if (n == 1) {
    SubmitOn(mp, sched, batch->Pop());
    return Releasem(mp);
  }
  P* pp = CurrentP(sched, mp);
  if (pp != nullptr) n -= static_cast<int32_t>(pp->runq.PutBatch(batch));
  if (n > 0) {
    os::LockGuard guard(sched->lock);
    GlobRunqPutBatch(sched, batch, n);
  }
  WakeP(sched);
  Releasem(mp);
}

void WakeIdleP(Sched* sched) {
  // Be conservative about spinning threads: one at a time is started.
  if (!sched->main_started() || !sched->ClaimSpinning()) {
    return;
  }
  M* mp = Acquirem();
  P* pp;
  {
    os::LockGuard guard(sched->lock);
    pp = PidleGetSpinning(sched);
    if (pp == nullptr) LowerSpinning(sched, "wakep");
  }
  if (pp != nullptr) StartM(sched, pp, /*spinning=*/true);
  Releasem(mp);
}

void StartM(Sched* sched, P* pp, bool spinning) {
  M* mp = Acquirem();
  if (pp == nullptr && spinning) {
    base::Throw("startm: P required for spinning=true");
  }
  M* nmp = nullptr;
  int64_t id = -1;
  {
    os::LockGuard guard(sched->lock);
    if (pp == nullptr) pp = PidleGet(sched);
    if (pp != nullptr) {
      nmp = MGet(sched);
      // Counted before the lock is let go: CheckDead must see that an M comes.
      if (nmp == nullptr) id = MReserveId(sched);
    }
  }
  if (pp == nullptr) {
    // No idle P: all are busy, and will find the work.
  } else if (nmp == nullptr) {
    NewM(sched, spinning ? MSpinning : nullptr, pp, id);
  } else {
    if (nmp->spinning) base::Throw("startm: m is spinning");
    if (nmp->nextp != nullptr) base::Throw("startm: m has p");
    if (spinning && !pp->QueuesEmpty()) {
      base::Throw("startm: p has runnable gs");
    }
    nmp->spinning = spinning;
    nmp->nextp = pp;
    nmp->park.Wakeup();
  }
  Releasem(mp);
}

void HandoffP(Sched* sched, P* pp) {
  if (!pp->QueuesEmpty() ||
      sched->runqsize.load(std::memory_order_relaxed) != 0) {
    StartM(sched, pp, /*spinning=*/false);
    return;
  }
  // No work here: but if all others are busy there may be some to steal.
  if (sched->gomaxprocs.load(std::memory_order_relaxed) > 1 &&
      sched->ClaimSpinningIfAllBusy()) {
    StartM(sched, pp, /*spinning=*/true);
    return;
  }
  bool start;
  {
    os::LockGuard guard(sched->lock);
    start = sched->runqsize.load(std::memory_order_relaxed) != 0;
    if (!start) {
      if (!PidlePutOrStop(sched, pp)) return;
      // The other half of WakeP's look at npidle.
      if (sched->WorkAnnounced()) {
        start = true;
        pp = PidleGet(sched);
      }
    }
  }
  if (!start) {
    // Nobody passes by its timers any more.
    const int64_t when = pp->timers().next.load(std::memory_order_seq_cst);
    if (when != kNeverDue) WakePoller(sched, when);
    return;
  }
  if (pp->QueuesEmpty() &&
      sched->runqsize.load(std::memory_order_relaxed) == 0) {
    // Somebody submitted to a queue while no P was idle: look for it.
    sched->AddSpinning();
    StartM(sched, pp, /*spinning=*/true);
  } else {
    StartM(sched, pp, /*spinning=*/false);
  }
}

bool StopM() {
  M* mp = Getm();
  Sched* sched = mp->sched;
  CheckNotInherited(sched, "the calling goroutine waits, and no other runs");
  if (mp->gate.locks() != 1) base::Throw("stopm holding locks");
  if (mp->p != nullptr) base::Throw("stopm holding p");
  if (mp->spinning) base::Throw("stopm spinning");
  bool watch;
  {
    os::LockGuard guard(sched->lock);
    // FinishRun may have come while m0 was on its way here.
    if (mp->leave || sched->exiting.load(std::memory_order_relaxed) ||
        (mp == sched->m0 && sched->run_done.load(std::memory_order_relaxed))) {
      mp->leave = true;
      return false;
    }
    watch = MPut(sched, mp);
  }
  SleepAndWatch(sched, &mp->park, watch);
  mp->park.Clear();
  if (mp->leave) return false;
  P* pp = mp->nextp;
  mp->nextp = nullptr;
  AcquireP(pp);
  return true;
}

void FallIdle(M* mp) {
  mp->idle.store(true, std::memory_order_relaxed);
  os::EnterQuiet();
}

void RiseFromIdle(M* mp) {
  mp->idle.store(false, std::memory_order_relaxed);
  os::LeaveQuiet();
}

M* NewSystemM(Sched* sched, void (*fn)(M*)) {
  int64_t id;
  {
    os::LockGuard guard(sched->lock);
    sched->nmsys++;
    id = MReserveId(sched);
  }
  return NewM(sched, fn, nullptr, id);
}

M* NewM(Sched* sched, void (*fn)(M*), P* pp, int64_t id) {
  M* mp = nullptr;
  // To make a thread takes more stack than a goroutine may have.
  SystemStack([&] {
    mp = AllocM(sched, fn, id);
    mp->nextp = pp;
    const M* self = Getm();
    if (self != nullptr && self->lockedext != 0) {
      NewMHandoff(self->sched, mp);
    } else {
      NewM1(mp);
    }
  });
  return mp;
}

M* AllocM(Sched* sched, void (*fn)(M*), int64_t id) {
  FreeMs(sched, /*wait=*/false);
  M* mp = new (std::nothrow)
      M(sched, id, sched->options.seed + static_cast<uint64_t>(id));
  if (mp == nullptr) base::Throw("out of memory: no room for an M");
  mp->mstartfn = fn;
  mp->switches_directly = SwitchesDirectly(sched->options, id);
  mp->g0.m = mp;
  mp->g0.home = sched;
  if (!os::MStackIsSystemAllocated() && id != 0) {
    absl::StatusOr<stack::Stack> g0_stack =
        sched->stackpool->Alloc(nullptr, stack::Round2(os::MStackSize()));
    if (!g0_stack.ok()) {
      const std::string_view why = g0_stack.status().message();
      base::PrintErr("runtime: %.*s\n", base::FormatSize(why), why.data());
      base::Throw("out of memory: no stack for an M");
    }
    mp->g0.stack = *g0_stack;
  }
  os::LockGuard guard(sched->lock);
  mp->alllink = sched->allm;
  sched->allm = mp;
  return mp;
}

void NewM1(M* mp) {
  os::ThreadStart start;
  start.fn = MStart;
  start.arg = mp;
  start.stack_lo = mp->g0.stack.lo;
  start.stack_hi = mp->g0.stack.hi;
  int32_t count;
  {
    os::LockGuard guard(mp->sched->lock);
    count = mp->sched->nm;
  }
  const os::OsThread thread = os::NewOsProc(start, count - 1);
  os::LockGuard guard(mp->sched->lock);
  mp->thread = thread;
  if (mp->sched->left_behind) os::OsThreadDetach(&mp->thread);
}

bool ThreadHasEnded(const M* mp) {
  return mp->joined ||
         (mp->thread.handle != 0 && os::OsThreadExited(mp->thread));
}

void JoinM(M* mp) {
  if (mp->joined) return;
  const auto made = [mp] {
    os::LockGuard guard(mp->sched->lock);
    return mp->thread.handle != 0;
  };
  // It may have been made by another thread that has not noted it yet.
  while (!made()) os::OsYield();
  os::OsThreadJoin(&mp->thread);
  mp->joined = true;
  if (mp->g0.stack.lo == 0) return;
  mp->sched->stackpool->Free(nullptr, mp->g0.stack);
}

int64_t MReserveId(Sched* sched) {
  sched->nm++;
  if (sched->nm - sched->nmsys > sched->options.max_threads) {
    base::PrintErr("runtime: program exceeds %d-thread limit\n",
                   sched->options.max_threads);
    base::Throw("thread exhaustion");
  }
  return sched->mnext++;
}

bool MPut(Sched* sched, M* mp) {
  mp->schedlink = sched->midle;
  mp->idle_since = sched->coarse_now.load(std::memory_order_relaxed);
  sched->midle = mp;
  sched->nmidle++;
  FallIdle(mp);
  return CheckDead(sched);
}

M* MGet(Sched* sched) {
  M* mp = sched->midle;
  if (mp != nullptr) {
    sched->midle = mp->schedlink;
    mp->schedlink = nullptr;
    sched->nmidle--;
    RiseFromIdle(mp);
  }
  return mp;
}

}  // namespace heddle::sched
