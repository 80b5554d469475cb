#include "heddle/runtime/os/lock.h"

#include <sched.h>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/futex.h"
#include "heddle/runtime/os/spin_lock.h"

namespace heddle::os {
namespace {

// Go's active_spin, active_spin_cnt and passive_spin.
constexpr int kActiveSpin = 4;
constexpr int kActiveSpinCount = 30;
constexpr int kPassiveSpin = 1;

// With one CPU the holder cannot run while we spin. Cheap and without a heap,
// unlike NumCpu; an error means more CPUs than a cpu_set_t has bits.
bool SeveralCpus() {
  cpu_set_t cpus;
  return sched_getaffinity(0, sizeof cpus, &cpus) != 0 || CPU_COUNT(&cpus) > 1;
}

// The lock that the thread took last, with the others behind it. Debug builds
// only; null in others.
constinit thread_local Lock* held_last = nullptr;

}  // namespace

void Lock::LockSlow() {
  static const bool several_cpus = SeveralCpus();
  const int active = several_cpus ? kActiveSpin : 0;
  for (int i = 0; i < active + kPassiveSpin; ++i) {
    uint32_t free = kUnlocked;
    // The load keeps spinners from taking the cache line from each other.
    if (key_.load(std::memory_order_relaxed) == kUnlocked &&
        key_.compare_exchange_strong(free, kLocked, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
      return;
    }
    if (i < active) {
      ProcYield(kActiveSpinCount);
    } else {
      OsYield();
    }
  }
  // Whoever gets the lock here leaves it marked kSleeping: others may sleep
  // still, and one wake-up too many costs less than to count them.
  while (key_.exchange(kSleeping, std::memory_order_acquire) != kUnlocked) {
    FutexSleep(&key_, kSleeping, /*ns=*/-1);
  }
}

void Lock::UnlockSlow(uint32_t old) {
  if (old == kUnlocked) base::Throw("unlock of unlocked lock");
  FutexWakeup(&key_, 1);  // the address only: the lock may be gone
}

void Lock::CheckRank() const {
  if (HeldSpinLocks() > 0) {
    base::PrintErr("runtime: taking lock %s (%p) while holding a spin lock\n",
                   LockRankName(rank_), this);
    base::Throw("lock ordering problem");
  }
  // The chain's ranks never rise from its head on, so the head decides.
  const Lock* const last = held_last;
  for (const Lock* held = last; held != nullptr && held->rank_ == rank_;
       held = held->held_before_) {
    if (held == this) {
      base::PrintErr("runtime: lock %s (%p) is held by this thread already\n",
                     LockRankName(rank_), this);
      base::Throw("lock taken twice");
    }
  }
  if (last != nullptr && !MayTake(last->rank_, rank_)) {
    base::PrintErr(
        "runtime: taking lock %s (%p) while holding lock %s (%p); see "
        "runtime/os/lock_rank.h\n",
        LockRankName(rank_), this, LockRankName(last->rank_), last);
    base::Throw("lock ordering problem");
  }
}

void Lock::PushHeld() {
  held_before_ = held_last;
  held_last = this;
}

void Lock::PopHeld() {
  // Mostly the last one; any order is allowed.
  Lock** link = &held_last;
  while (*link != nullptr && *link != this) link = &(*link)->held_before_;
  if (*link == nullptr) {
    base::PrintErr("runtime: lock %s (%p) is not held by this thread\n",
                   LockRankName(rank_), this);
    base::Throw("unlock of unlocked lock");
  }
  *link = held_before_;
  held_before_ = nullptr;
}

int HeldLocks() {
  int n = 0;
  // Each link was written by this thread when it took the lock.
  for (const Lock* held = held_last; held != nullptr;
       held = held->held_before_) {
    ++n;
  }
  return n;
}

}  // namespace heddle::os
