#include "heddle/runtime/sync/wait_group.h"

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/wait_reason.h"

namespace heddle {
namespace {

int32_t Counter(uint64_t state) { return static_cast<int32_t>(state >> 32); }
uint32_t Waiters(uint64_t state) { return static_cast<uint32_t>(state); }

}  // namespace

void WaitGroup::Add(int delta) {
  // Acquire and release: all that happened before any Done is ordered before
  // what the waiters do, through the chain of these.
  const uint64_t change = static_cast<uint64_t>(delta) << kCounterShift;
  // TSan is not shown these: to it, each Done would come after those before.
  if (delta < 0) sched::RaceReleaseMerge(this);
  const sched::RaceScope not_looked_at;
  const uint64_t state =
      state_.fetch_add(change, std::memory_order_acq_rel) + change;
  if (Counter(state) < 0) base::Throw("sync: negative WaitGroup counter");
  // With no waiter this must not touch the object any more: Wait may have
  // returned, and its caller have destroyed it.
  if (Counter(state) == 0 && Waiters(state) != 0) WakeAll();
}

void WaitGroup::WakeAll() {
  sync::WaitQueue woken;
  {
    os::LockGuard guard(lock_);
    std::swap(woken, queue_);
    state_.fetch_sub(woken.size(), std::memory_order_relaxed);
  }
  woken.WakeAll();
}

void WaitGroup::Wait() {
  {
    const sched::RaceScope not_looked_at;
    // Acquire: pairs with the release in Add.
    if (Counter(state_.load(std::memory_order_acquire)) != 0) WaitSlow();
  }
  sched::RaceAcquire(this);
}

void WaitGroup::WaitSlow() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const sched::InRuntime in;
  sync::Waiter waiter;
  lock_.lock();
  uint64_t state = state_.load(std::memory_order_acquire);
  do {
    if (Counter(state) == 0) {
      lock_.unlock();
      return;
    }
  } while (!state_.compare_exchange_weak(
      state, state + 1, std::memory_order_acquire, std::memory_order_acquire));
  queue_.PushBack(&waiter);
  waiter.Wait(&lock_, sched::WaitReason::kSemacquire);
}

}  // namespace heddle
