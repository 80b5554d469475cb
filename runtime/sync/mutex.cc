#include "runtime/sync/mutex.h"

#include "runtime/base/throw.h"
#include "runtime/os/clock.h"
#include "runtime/sched/race.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/wait_reason.h"

namespace heddle {
namespace {

// Go's starvationThresholdNs.
constexpr int64_t kStarvationNs = 1'000'000;
// In its place where nothing may depend on the clock: how often it has lost.
constexpr int kStarvationTurns = 4;

// A short section on another CPU is over before the caller could be parked and
// woken, at 50 ns each at least: it looks again so often, every 10 ns. (Go:
// sync_runtime_canSpin, which spins for longer, and not while others could run
// here.)
constexpr int kSpins = 8;
constexpr int kPauses = 1;

using sync::WaitVerdict;

}  // namespace

bool Mutex::SpinForIt() {
  const sched::RaceScope not_looked_at;
  const sched::G* gp = sched::Getg();
  if (gp != nullptr &&
      gp->home->gomaxprocs.load(std::memory_order_relaxed) < 2) {
    return false;  // who holds it does not run
  }
  for (int i = 0; i < kSpins; i++) {
    os::ProcYield(kPauses);
    const uint32_t state = state_.load(std::memory_order_relaxed);
    if ((state & kLocked) == 0 && TryBarge(/*woken=*/false)) return true;
  }
  return false;
}

// Takes the mutex if it is not locked. `woken`: the caller has kWoken, which
// goes with it.
bool Mutex::TryBarge(bool woken) {
  uint32_t state = state_.load(std::memory_order_relaxed);
  while ((state & kLocked) == 0) {
    const uint32_t next = (state | kLocked) & ~(woken ? kWoken : 0);
    if (state_.compare_exchange_weak(state, next, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

// Announces a waiter, unless the mutex has become free.
bool Mutex::MustQueue(bool woken) {
  uint32_t state = state_.load(std::memory_order_relaxed);
  while ((state & kLocked) != 0) {
    const uint32_t next = (state | kWaiters) & ~(woken ? kWoken : 0);
    if (state_.compare_exchange_weak(state, next, std::memory_order_relaxed,
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void Mutex::LockSlow() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (SpinForIt()) return;
  const sched::InRuntime in;
  sync::Waiter waiter;
  const bool by_clock = !sched::Deterministic();
  int64_t since = 0;
  int lost = 0;
  bool woken = false;
  while (!TryBarge(woken)) {
    lock_.lock();
    if (!MustQueue(woken)) {
      lock_.unlock();
      continue;
    }
    const int64_t now = by_clock ? os::Nanotime() : 0;
    if (!woken) {
      since = now;
      queue_.PushBack(&waiter);
    } else {
      // It had its turn already: to the front.
      const bool starving =
          by_clock ? now - since > kStarvationNs : ++lost >= kStarvationTurns;
      if (starving) waiter.set_verdict(WaitVerdict::kStarving);
      queue_.PushFront(&waiter);
    }
    waiter.Wait(&lock_, sched::WaitReason::kMutexLock);
    // Handed over with kLocked set. The order between the former holder and us
    // is that of Wake and Wait.
    if (waiter.verdict() == WaitVerdict::kGranted) return;
    woken = true;
  }
}

void Mutex::UnlockSlow() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const sched::RaceScope not_looked_at;
  lock_.lock();
  uint32_t state = state_.load(std::memory_order_relaxed);
  if ((state & kLocked) == 0) {
    base::Throw("sync: unlock of unlocked mutex");
  }
  sync::WaitNode* next = nullptr;
  if (!queue_.empty() && queue_.front()->verdict == WaitVerdict::kStarving) {
    next = queue_.Pop();
    next->verdict = WaitVerdict::kGranted;
    if (queue_.empty()) {
      state_.fetch_and(~kWaiters, std::memory_order_relaxed);
    }
  } else {
    if (!queue_.empty() && (state & kWoken) == 0) next = queue_.Pop();
    const uint32_t waiters = queue_.empty() ? 0 : kWaiters;
    // kLocked is ours and the others change under lock_, but for kWoken, which
    // a woken waiter takes back when it gets the mutex: not before this store.
    state_.store((next != nullptr ? kWoken : state & kWoken) | waiters,
                 std::memory_order_release);
  }
  lock_.unlock();
  if (next != nullptr) sync::Waiter::Wake(next);
}

}  // namespace heddle
