#include "heddle/runtime/sync/mutex.h"

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/wait_reason.h"

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

using sync::MutexBucket;
using sync::MutexWord;
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
    if (word_.Contend(/*woken=*/false)) return true;
  }
  return false;
}

// Announces a waiter, unless the mutex has become free. Under the bucket's
// lock.
bool Mutex::MustQueue(bool woken) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  MutexBucket& bucket = MutexBucket::Of(&flag_);
  for (;;) {
    switch (word_.Announce(woken, flag_.is_up())) {
      case MutexWord::Announced::kDone:
        return true;
      case MutexWord::Announced::kAlone:
        bucket.Raise(&flag_);
        break;
      case MutexWord::Announced::kFree:
        // Nobody is queued for whom it would have to stay up.
        if (flag_.is_up() && queue_.empty()) bucket.Lower(&flag_);
        return false;
    }
  }
}

void Mutex::LockSlow() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  if (SpinForIt()) return;
  const sched::InRuntime in;
  os::Lock& lock = MutexBucket::Of(&flag_).lock;
  sync::Waiter waiter;
  const bool by_clock = !sched::Deterministic();
  int64_t since = 0;
  int lost = 0;
  bool woken = false;
  while (!word_.Contend(woken)) {
    lock.lock();
    if (!MustQueue(woken)) {
      lock.unlock();
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
    waiter.Wait(&lock, sched::WaitReason::kMutexLock);
    // Handed over with the word locked. The order between the former holder and
    // us is that of Wake and Wait.
    if (waiter.verdict() == WaitVerdict::kGranted) return;
    woken = true;
  }
}

// Somebody waits who has not been woken yet; or the mutex is not locked.
void Mutex::UnlockSlow() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const sched::RaceScope not_looked_at;
  if (!word_.IsLocked()) base::Throw("sync: unlock of unlocked mutex");
  MutexBucket& bucket = MutexBucket::Of(&flag_);
  bucket.lock.lock();
  // The holder saw that the mutex is shared, and nobody can have it otherwise
  // now: no plain store comes any more.
  if (flag_.is_up()) bucket.Lower(&flag_);
  sync::WaitNode* const next = queue_.Pop();
  if (next == nullptr) base::Throw("sync: unlock of unlocked mutex");
  if (next->verdict == WaitVerdict::kStarving) {
    next->verdict = WaitVerdict::kGranted;
    word_.HandOver(/*more=*/!queue_.empty());
  } else {
    word_.GiveBackAndWake(/*more=*/!queue_.empty());
  }
  bucket.lock.unlock();
  sync::Waiter::Wake(next);
}

// The flag is up in the bucket. The mutex may be gone; or another may be here,
// which does not matter: who is woken for nothing queues up again.
//
// Where there is no membarrier(2) the lock alone orders this: either who waits
// took it before, and is found, or after, and finds what the word has become.
void Mutex::UnlockLate(Mutex* mutex) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const sched::RaceScope not_looked_at;
  MutexBucket& bucket = MutexBucket::Of(&mutex->flag_);
  bucket.lock.lock();
  sync::WaitNode* next = nullptr;
  if (bucket.Has(&mutex->flag_) &&
      mutex->word_.AnnounceAgain(/*more=*/mutex->queue_.size() > 1)) {
    bucket.Lower(&mutex->flag_);
    next = mutex->queue_.Pop();
  }
  bucket.lock.unlock();
  if (next != nullptr) sync::Waiter::Wake(next);
}

}  // namespace heddle
