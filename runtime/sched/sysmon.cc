#include "heddle/runtime/sched/sysmon.h"

#include <algorithm>

#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/quiet_threads.h"
#include "heddle/runtime/sched/check_dead.h"
#include "heddle/runtime/sched/m_lifecycle.h"
#include "heddle/runtime/sched/retake.h"
#include "heddle/runtime/sched/retire.h"
#include "heddle/runtime/sched/scavenge.h"
#include "heddle/runtime/sched/sched_trace.h"
#include "heddle/runtime/sched/timers.h"

namespace heddle::sched {
namespace {

constexpr int64_t kShortestNs = 20'000;
constexpr int64_t kLongestNs = 10'000'000;
constexpr int kIdleLooks = 50;
// From here on a sleep is long: what waits for its end had better wake it.
constexpr int64_t kLongNs = 100'000;
// Between two looks for a deadlock (Sched::dead_suspected).
constexpr int64_t kWatchNs = 1'000'000'000;

// How long to sleep: see the header.
class BackOff {
 public:
  int64_t Next() {
    if (idle_ == 0) {
      ns_ = kShortestNs;
    } else if (idle_ > kIdleLooks) {
      ns_ = std::min(2 * ns_, kLongestNs);
    }
    return ns_;
  }
  void Looked(bool took) { idle_ = took ? 0 : idle_ + 1; }

 private:
  int idle_ = 0;
  int64_t ns_ = kShortestNs;
};

// When to print the lines that HEDDLE_DEBUG=schedtrace asks for.
class SchedTraceTimer {
 public:
  SchedTraceTimer(const DebugVars& debug, int64_t now)
      : period_(int64_t{debug.schedtrace_ms} * 1'000'000), last_(now) {}

  bool on() const { return period_ > 0; }
  bool Due(int64_t now) {
    if (!on() || now - last_ < period_) return false;
    last_ = now;
    return true;
  }

 private:
  const int64_t period_;
  int64_t last_;
};

bool AllIdle(Sched* sched) {
  return sched->npidle.load(std::memory_order_relaxed) ==
         sched->gomaxprocs.load(std::memory_order_relaxed);
}

// Sleeps for `ns` nanoseconds at most or, while all Ps are idle, for as long as
// they are; false if the runtime ends.
bool Sleep(Sched* sched, int64_t ns, bool deep, bool* hurried) {
  {
    os::LockGuard guard(sched->lock);
    if (sched->exiting.load(std::memory_order_relaxed)) return false;
    deep = deep && AllIdle(sched);
    const bool is_long = !deep && ns >= kLongNs;
    sched->sysmonwait = deep      ? SysmonWait::kDeep
                        : is_long ? SysmonWait::kLong
                                  : SysmonWait::kShort;
  }
  // Whoever sets it meanwhile has found something new.
  const bool watch =
      sched->dead_suspected.exchange(false, std::memory_order_relaxed);
  sched->sysmonnote.SleepFor(!deep ? ns : watch ? kWatchNs : -1);
  if (watch && RecheckDead(sched)) {
    sched->dead_suspected.store(true, std::memory_order_relaxed);
  }
  os::LockGuard guard(sched->lock);
  // Whoever wakes us does so under the lock.
  *hurried = sched->sysmonwait == SysmonWait::kAwake;
  if (*hurried) sched->sysmonnote.Clear();
  sched->sysmonwait = SysmonWait::kAwake;
  return !sched->exiting.load(std::memory_order_relaxed);
}

void Sysmon(M* mp) {
  Sched* sched = mp->sched;
  BackOff back_off;
  FallIdle(mp);                   // it wakes nobody who is not awake
  int64_t busy = os::Nanotime();  // when a P was last seen busy
  int64_t now = busy;
  SchedTraceTimer trace(sched->options.debug, now);
  Scavenger scavenger(sched);
  bool scavenges = true;
  bool retires = true;
  bool hurried = false;
  while (
      Sleep(sched, back_off.Next(),
            !trace.on() && !scavenges && !retires && now - busy >= kDeepSleepNs,
            &hurried)) {
    now = os::Nanotime();
    sched->coarse_now.store(now, std::memory_order_relaxed);
    if (!AllIdle(sched)) busy = now;
    // Of several reasons to look often, one.
    const bool taken = Retake(sched, now) != 0;
    back_off.Looked(taken || (hurried && busy == now));
    SysmonTimers(sched, now);
    scavenges = scavenger.Step(now, busy == now);
    retires = RetireIdleM(sched, now);
    if (trace.Due(now)) {
      PrintSchedTrace(sched, sched->options.debug.scheddetail);
    }
  }
  os::LeaveQuiet();
}

}  // namespace

void StartSysmon(Sched* sched) {
  {
    os::LockGuard guard(sched->lock);
    if (sched->sysmon_started) return;
    sched->sysmon_started = true;
  }
  sched->coarse_now.store(os::Nanotime(), std::memory_order_relaxed);
  M* mp = NewSystemM(sched, Sysmon);
  os::LockGuard guard(sched->lock);
  sched->sysmon = mp;
}

void HurrySysmonSlow(Sched* sched) {
  os::LockGuard guard(sched->lock);
  if (sched->sysmonwait != SysmonWait::kLong) return;
  sched->sysmonwait = SysmonWait::kAwake;
  sched->sysmonnote.Wakeup();
}

void WakeSysmon(Sched* sched, bool any_sleep) {
  if (sched->sysmonwait == SysmonWait::kDeep) {
    // It was asleep for long, and who is woken now may soon read the clock.
    sched->coarse_now.store(os::Nanotime(), std::memory_order_relaxed);
  } else if (!any_sleep || sched->sysmonwait == SysmonWait::kAwake) {
    return;
  }
  sched->sysmonwait = SysmonWait::kAwake;
  sched->sysmonnote.Wakeup();
}

}  // namespace heddle::sched
