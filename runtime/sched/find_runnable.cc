#include "heddle/runtime/sched/find_runnable.h"

#include <algorithm>

#include "heddle/runtime/base/prefetch.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/depth_first.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/p_lifecycle.h"
#include "heddle/runtime/sched/poll.h"
#include "heddle/runtime/sched/timers.h"

namespace heddle::sched {
namespace {

// Go's stealTries.
constexpr int kStealTries = 4;
// How long a thief leaves a running victim's runnext alone: its owner is likely
// to start it in a moment. Some 50 times a channel operation. (runqgrab)
constexpr int64_t kRunnextBackOffNs = 3000;
// A P that hands its time slice on within that time goes on doing so.
constexpr int64_t kHandOverNs = 1000;
// How long a thief sleeps that finds nothing but Ps that go on switching: that
// long, and the 50 us that the kernel adds.
constexpr int64_t kSwitchingBackOffUs = 3;

// What changes whenever a P begins with another goroutine: with a slice of its
// own, or with that of who readied it.
struct Turns {
  uint32_t own = 0;
  uint32_t inherited = 0;

  void Add(const P* p) {
    own += p->schedtick.load(std::memory_order_relaxed);
    inherited += p->slice.turns();
  }
  bool operator==(const Turns&) const = default;
};

Turns TurnsOf(const P* p) {
  Turns turns;
  turns.Add(p);
  return turns;
}

// Of all but pp.
Turns TurnsOfOthers(const Sched* sched, const P* pp) {
  const int32_t n = sched->gomaxprocs.load(std::memory_order_acquire);
  Turns turns;
  for (int32_t i = 0; i < n; i++) {
    if (const P* p = GetP(sched, i); p != pp) turns.Add(p);
  }
  return turns;
}

// Whether, from `before` to `now`, goroutines ran that ready each other, and no
// others: of them nothing can be stolen that is not better where it is.
bool HandedOver(const Turns& before, const Turns& now) {
  return now.own == before.own && now.inherited != before.inherited;
}

// Whether that is all that the others do, whose turns were `before`. If all of
// them are idle there is nobody to watch.
bool OthersHandOver(const Sched* sched, const P* pp, const Turns& before) {
  if (sched->npidle.load(std::memory_order_relaxed) + 1 >=
      sched->gomaxprocs.load(std::memory_order_relaxed)) {
    return false;
  }
  const int64_t until = os::Nanotime() + kHandOverNs;
  Turns now;
  do {
    now = TurnsOfOthers(sched, pp);
    if (now != before) break;
    os::ProcYield(4);
  } while (os::Nanotime() < until);
  return HandedOver(before, now);
}

// What a thief has seen of a victim whose runnext it wanted.
enum class Seen { kNothing, kSwitches, kHandsOver };

// Whether victim does not come to the scheduler meanwhile, and so leaves its
// runnext waiting. If it does, what is in runnext is better where it is, and
// the thief had better not keep a CPU busy: it sleeps. Go sleeps in both cases,
// and takes what it then finds.
bool LeavesRunnext(const P* victim, Seen* seen) {
  if (victim->status.load(std::memory_order_relaxed) != PStatus::kRunning) {
    return true;
  }
  const Turns before = TurnsOf(victim);
  const int64_t until = os::Nanotime() + kRunnextBackOffNs;
  do {
    os::ProcYield(4);
    const Turns now = TurnsOf(victim);
    if (now != before) {
      *seen = HandedOver(before, now) ? Seen::kHandsOver : Seen::kSwitches;
      os::Usleep(kSwitchingBackOffUs);
      return false;
    }
  } while (os::Nanotime() < until);
  return true;
}

void DropSpinning(M* mp) {
  if (!mp->spinning) return;
  mp->spinning = false;
  LowerSpinning(mp->sched, "findrunnable");
}

// The world is being stopped: gives the P up and sleeps. (gcstopm)
bool GcStopM(M* mp) {
  Sched* sched = mp->sched;
  DropSpinning(mp);
  P* pp = ReleaseP();
  {
    os::LockGuard guard(sched->lock);
    GcStopP(sched, pp);
  }
  return StopM();
}

// No Run is under way: what is queued stays queued for the next.
bool StopBetweenRuns(M* mp) {
  Sched* sched = mp->sched;
  DropSpinning(mp);
  GQueue<G> left;
  const uint32_t n = mp->p->DrainQueues(&left);
  {
    os::LockGuard guard(sched->lock);
    if (n > 0) {
      GlobRunqPutHeadBatch(sched, &left, static_cast<int32_t>(n));
    }
    // The next Run has begun meanwhile: it found no idle P, and waits for this.
    if (sched->main_started()) return true;
    PidlePutOrStop(sched, ReleaseP());
    if (mp == sched->m0) {
      mp->leave = true;
      return false;
    }
  }
  return StopM();
}

// With many goroutines each one's G and stack are misses, of the TLB and of the
// cache. So those that come soon are fetched while others run: first the G's
// lines that it needs to run and to end, then one line of the stack, for the
// TLB, then the rest: of one that was parked the frames that it returns
// through, of a new one, if it has a stack, the place for its first. A million
// wake up and park again in 130 ns each so, and in 490 without.
void PrefetchStacks(const P* pp) {
  constexpr uint32_t kAhead = 4;
  constexpr uintptr_t kBytes = 7 * ABSL_CACHELINE_SIZE;
  if (const G* gp = pp->runq.Peek(3 * kAhead); gp != nullptr) {
    base::PrefetchForWrite(reinterpret_cast<uintptr_t>(gp),
                           2 * ABSL_CACHELINE_SIZE);
  }
  if (const G* gp = pp->runq.Peek(2 * kAhead);
      gp != nullptr && gp->sched.sp != 0) {
    base::PrefetchForWrite(gp->sched.sp, 1);
  }
  const G* gp = pp->runq.Peek(kAhead);
  if (gp == nullptr) return;
  uintptr_t at = gp->sched.sp;
  if (at == 0) return;
  if (!gp->started) at -= kBytes - 2 * ABSL_CACHELINE_SIZE;
  base::PrefetchForWrite(at, kBytes);
}

// The next of pp's own queue. runnext goes first, for a time slice; then its
// turn comes after all others', as of a goroutine that Go preempts: it goes to
// the tail of the global queue, which else had to wait for 61 such slices.
Found GetLocal(Sched* sched, P* pp) {
  RunqGetResult<G> got = GetFrom(sched, pp);
  if (got.inherit_time) {
    if (!pp->slice.Ends(/*by_clock=*/!sched->deterministic)) {
      pp->slice.Inherit();
      return {got.gp, true};
    }
    {
      os::LockGuard guard(sched->lock);
      GlobRunqPut(sched, got.gp);
    }
    got = GetFrom(sched, pp);
  }
  pp->slice.Begin();
  if (WaitBehind(sched, pp) > kColdStacks) {
    PrefetchStacks(pp);
  }
  return {got.gp, false};
}

// Half of what victim has in one of its queues, or, with `steal_runnext`, its
// runnext if it has no more than that; for *seen see LeavesRunnext.
G* Steal(Runq<G>* thief, P* victim, bool steal_runnext, Seen* seen) {
  for (Runq<G>* from : {&victim->runq, &victim->nursery}) {
    G* gp = thief->StealFrom(from, /*steal_runnext=*/false, [] {});
    if (gp != nullptr) return gp;
  }
  const uint32_t half =
      std::min((victim->yielded.size() + 1) / 2, kRunqSize / 2);
  if (G* gp = victim->yielded.TakeOldest(); gp != nullptr) {
    if (half > 1) victim->yielded.MoveTo(thief, half - 1);
    return gp;
  }
  if (!steal_runnext) return nullptr;
  return thief->StealFrom(
      &victim->runq, /*steal_runnext=*/true,
      [victim, seen] { return LeavesRunnext(victim, seen); });
}

// *again: nothing was found but Ps that hand over, and after the short sleep
// that this was it is worth another look. Who gave its P
// up instead would be woken by the next goroutine that one of them readies,
// which costs that P 4 us; and what it readied waits for as long, and so is
// stolen after all.
G* StealWork(M* mp, bool* again) {
  Sched* sched = mp->sched;
  P* pp = mp->p;
  const Turns turns = TurnsOfOthers(sched, pp);
  Seen seen = Seen::kNothing;
  for (int i = 0; i < kStealTries; i++) {
    const bool steal_runnext = i == kStealTries - 1;
    const bool steal_timers =
        steal_runnext && EarliestTimer(sched) != kNeverDue;
    const int64_t now = steal_timers ? os::Nanotime() : 0;
    for (RandomOrder::Enum e = sched->steal_order.Start(mp->random.Next());
         !e.Done(); e.Next()) {
      if (sched->gcwaiting()) return nullptr;
      const auto id = static_cast<int32_t>(e.Position());
      P* victim = GetP(sched, id);
      if (victim == pp) continue;
      if (steal_timers && RunTimers(mp, &victim->timers(), now)) {
        G* gp = GetFrom(sched, pp).gp;
        if (gp != nullptr) return gp;
      }
      if (sched->idlep_mask.Read(id)) continue;
      G* gp = Steal(&pp->runq, victim, steal_runnext, &seen);
      if (gp != nullptr) return gp;
    }
  }
  if (seen == Seen::kNothing && OthersHandOver(sched, pp, turns)) {
    seen = Seen::kHandsOver;
    os::Usleep(kSwitchingBackOffUs);
  }
  *again = seen == Seen::kHandsOver;
  return nullptr;
}

// Looks at all queues without a P; takes an idle P if there is work. The last
// look of an M that has stopped spinning. (checkRunqsNoP)
P* CheckRunqsNoP(Sched* sched) {
  const bool work = AnyQueued(sched);
  os::LockGuard guard(sched->lock);
  // The global queue is read under the lock: what is put there by a thread
  // without a P is announced to spinning Ms only.
  if (!work && sched->runqsize.load(std::memory_order_relaxed) == 0) {
    return nullptr;
  }
  return PidleGetSpinning(sched);
}

enum class GiveUp { kGivenUp, kLookAgain, kFound };

// Gives mp's P up, unless there is a reason not to: work in the global queue
// (*gp), the world stopping, or work that was announced to nobody.
GiveUp GivePUp(M* mp, G** gp) {
  Sched* sched = mp->sched;
  os::LockGuard guard(sched->lock);
  if (sched->gcwaiting() || !sched->main_started()) {
    return GiveUp::kLookAgain;
  }
  *gp = GlobRunqGet(sched, mp->p, 0);
  if (*gp != nullptr) return GiveUp::kFound;
  if (!mp->spinning && sched->WorkAnnounced()) {
    BecomeSpinning(mp);
    return GiveUp::kLookAgain;
  }
  PidlePut(sched, ReleaseP());
  // The other half of WakeP's look at npidle. A spinning M reads the queues
  // again anyhow.
  if (!mp->spinning && sched->WorkAnnounced()) {
    AcquireP(PidleGet(sched));
    BecomeSpinning(mp);
    return GiveUp::kLookAgain;
  }
  return GiveUp::kGivenUp;
}

}  // namespace

Found FindRunnable(M* mp) {
  Sched* sched = mp->sched;
  for (;;) {
    if (mp->leave) return {nullptr, false};
    if (sched->gcwaiting()) {
      if (!GcStopM(mp)) return {nullptr, false};
      continue;
    }
    if (!sched->main_started()) {
      if (!StopBetweenRuns(mp)) return {nullptr, false};
      continue;
    }
    P* pp = mp->p;
    if (pp->schedtick.load(std::memory_order_relaxed) % kGlobalQueueTick == 0) {
      G* gp = RunqGetOldest(sched, pp);
      if (gp != nullptr) return {gp, false};
    }
    if (pp->timers().next.load(std::memory_order_relaxed) != kNeverDue) {
      RunOwnTimers(mp);
    }
    if (pp->nurses && !sched->options.randomize && WantsSorting(pp)) {
      Sort(sched, pp);
    }
    const Found local = GetLocal(sched, pp);
    if (local.gp != nullptr) return local;
    if (G* gp = RunqGetMore(sched, pp); gp != nullptr) return {gp, false};
    pp->begun = 0;
    // Half of the busy Ps at most look for work: when there is little, the
    // others need not burn their CPUs as well.
    if (mp->spinning || 2 * sched->nmspinning.load(std::memory_order_relaxed) <
                            sched->gomaxprocs.load(std::memory_order_relaxed) -
                                sched->npidle.load(std::memory_order_relaxed)) {
      if (!mp->spinning) BecomeSpinning(mp);
      bool again = false;
      G* gp = StealWork(mp, &again);
      if (gp != nullptr) return {gp, false};
      if (again && !sched->exiting.load(std::memory_order_relaxed)) continue;
    }
    G* gp = nullptr;
    switch (GivePUp(mp, &gp)) {
      case GiveUp::kFound:
        return {gp, false};
      case GiveUp::kLookAgain:
        continue;
      case GiveUp::kGivenUp:
        break;
    }
    if (mp->spinning) {
      DropSpinning(mp);
      pp = CheckRunqsNoP(sched);
      if (pp != nullptr) {
        AcquireP(pp);
        BecomeSpinning(mp);
        continue;
      }
    }
    switch (PollTimers(mp)) {
      case Polled::kFound:
        continue;
      case Polled::kLeave:
        return {nullptr, false};
      case Polled::kNot:
        break;
    }
    if (!StopM()) return {nullptr, false};
  }
}

}  // namespace heddle::sched
