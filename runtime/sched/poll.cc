#include "heddle/runtime/sched/poll.h"

#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/check_dead.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/timers.h"

namespace heddle::sched {
namespace {

enum class Claim { kMine, kTaken, kLeave };

Claim ClaimPoll(M* mp) {
  Sched* sched = mp->sched;
  os::LockGuard guard(sched->lock);
  if (sched->poll.m != nullptr) return Claim::kTaken;
  // As in StopM.
  if (mp->leave || sched->exiting.load(std::memory_order_relaxed) ||
      (mp == sched->m0 && sched->run_done.load(std::memory_order_relaxed))) {
    mp->leave = true;
    return Claim::kLeave;
  }
  sched->poll.m = mp;
  sched->poll.until.store(kNeverDue, std::memory_order_seq_cst);
  mp->idle.store(true, std::memory_order_relaxed);
  // There may be nothing left to run but what timers start. It comes again when
  // it finds no timers, so nobody need watch.
  CheckDead(sched);
  return Claim::kMine;
}

// Sleeps until the earliest timer, or BreakPoll; not at all if that is due, or
// there is none. `until` is kNeverDue before, and 0 afterwards.
void SleepForTimer(Sched* sched) {
  Sched::Poll& poll = sched->poll;
  const int64_t when = EarliestTimer(sched);
  bool broken = false;
  if (when != kNeverDue) {
    const int64_t now = os::Nanotime();
    if (when > now) {
      // If that fails it is 0: the note is woken, or soon will be.
      int64_t until = kNeverDue;
      poll.until.compare_exchange_strong(until, when, std::memory_order_seq_cst,
                                         std::memory_order_seq_cst);
      // It ends when the timer is due, and not some 50 us later.
      const os::FineTimerScope fine;
      broken = poll.note.SleepFor(when - now);
    }
  }
  if (!broken && poll.until.exchange(0, std::memory_order_seq_cst) == 0) {
    // Somebody was quicker, and is about to wake it.
    poll.note.Sleep();
    broken = true;
  }
  if (broken) poll.note.Clear();
}

enum class After { kLeave, kSleepAgain, kNothing, kDue };

// What to do after a sleep. For kDue *pp is an idle P, if there is one.
After AfterSleep(M* mp, P** pp) {
  Sched* sched = mp->sched;
  const int64_t when = EarliestTimer(sched);
  const bool due = when <= os::Nanotime();
  os::LockGuard guard(sched->lock);
  if (!mp->leave && !due && when != kNeverDue) {
    sched->poll.until.store(kNeverDue, std::memory_order_seq_cst);
    return After::kSleepAgain;
  }
  sched->poll.m = nullptr;
  mp->idle.store(false, std::memory_order_relaxed);
  if (mp->leave) return After::kLeave;
  if (!due) return After::kNothing;
  if (!sched->gcwaiting() && sched->main_started()) {
    *pp = PidleGet(sched);
  }
  return After::kDue;
}

}  // namespace

Polled PollTimers(M* mp) {
  Sched* sched = mp->sched;
  for (;;) {
    const int64_t when = EarliestTimer(sched);
    if (when == kNeverDue) return Polled::kNot;
    const Claim claim = ClaimPoll(mp);
    if (claim == Claim::kLeave) return Polled::kLeave;
    if (claim == Claim::kTaken) {
      BreakPoll(sched, when);
      return Polled::kNot;
    }
    P* pp = nullptr;
    After after;
    do {
      SleepForTimer(sched);
      after = AfterSleep(mp, &pp);
    } while (after == After::kSleepAgain);
    if (after == After::kLeave) return Polled::kLeave;
    // Not yet: somebody may have found the place taken, and left a timer to
    // this M, while it was leaving.
    if (after == After::kNothing) continue;
    if (pp == nullptr) return Polled::kNot;
    AcquireP(pp);
    // Go's netpoller spins from here on, and so has another M woken when it
    // finds what the timer has readied. If that is one goroutine, there is
    // nothing for another M: 1,000 sleeps of 1 ms were 3,500 futex calls with
    // two Ps, and are 1,200.
    RunAllTimers(mp, os::Nanotime());
    return Polled::kFound;
  }
}

bool BreakPoll(Sched* sched, int64_t when) {
  int64_t until = sched->poll.until.load(std::memory_order_seq_cst);
  while (until > when) {
    if (sched->poll.until.compare_exchange_weak(until, 0,
                                                std::memory_order_seq_cst)) {
      sched->poll.note.Wakeup();
      return true;
    }
  }
  return until != 0;
}

void WakePoller(Sched* sched, int64_t when) {
  if (!BreakPoll(sched, when) &&
      sched->npidle.load(std::memory_order_seq_cst) != 0) {
    WakeP(sched);
  }
}

}  // namespace heddle::sched
