#include "heddle/runtime/sync/semaphore.h"

#include <stdexcept>

#include "absl/strings/str_format.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sched/wait_reason.h"

namespace heddle {
namespace {

int64_t Checked(int64_t n) {
  if (n < 0 || n > Semaphore::kMax) {
    throw std::invalid_argument(absl::StrFormat(
        "heddle: Semaphore: the number is %d; it must be 0 to %d", n,
        Semaphore::kMax));
  }
  return n;
}

}  // namespace

// On the stack of the one that waits.
struct Semaphore::Entry {
  explicit Entry(int64_t n) : n(n) {}

  const int64_t n;
  Entry* schedlink = nullptr;
  sync::Waiter waiter;
};

Semaphore::Semaphore(int64_t n) : state_(2 * Checked(n)) {}

bool Semaphore::TryAcquire(int64_t n) {
  Checked(n);
  const sched::RaceScope not_looked_at;
  int64_t state = state_.load(std::memory_order_relaxed);
  while (state >= 2 * n && (state & kWaiters) == 0) {
    if (state_.compare_exchange_weak(state, state - 2 * n,
                                     std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
      sched::RaceAcquire(this);
      return true;
    }
  }
  return false;
}

void Semaphore::AcquireSlow(int64_t n) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  Checked(n);
  const sched::InRuntime in;
  Entry entry(n);
  lock_.lock();
  int64_t state = state_.load(std::memory_order_relaxed);
  while ((state & kWaiters) == 0) {
    const bool take = state >= 2 * n;
    if (!state_.compare_exchange_weak(
            state, take ? state - 2 * n : state | kWaiters,
            std::memory_order_acquire, std::memory_order_relaxed)) {
      continue;
    }
    if (take) {
      lock_.unlock();
      return;
    }
    break;
  }
  queue_.PushBack(&entry);
  entry.waiter.Wait(&lock_, sched::WaitReason::kSemacquire);
}

void Semaphore::Release(int64_t n) {
  Checked(n);
  // To TSan, each Acquire comes after all Releases so far.
  sched::RaceReleaseMerge(this);
  const sched::RaceScope not_looked_at;
  int64_t state = state_.load(std::memory_order_relaxed);
  while ((state & kWaiters) == 0) {
    if (state / 2 + n > kMax) {
      base::Throw("sync: Semaphore: released more than held");
    }
    if (state_.compare_exchange_weak(state, state + 2 * n,
                                     std::memory_order_release,
                                     std::memory_order_relaxed)) {
      return;
    }
  }
  ReleaseSlow(n);
}

// Somebody waits, or has until now.
void Semaphore::ReleaseSlow(int64_t n) {
  const sched::InRuntime in;
  sync::WaitQueue woken;
  {
    os::LockGuard guard(lock_);
    // Without waiters others change it meanwhile. Release, and acquire for
    // those that get theirs here: the chain of releases goes through this word.
    int64_t state = state_.fetch_add(2 * n, std::memory_order_acq_rel) + 2 * n;
    if (state / 2 > kMax) {
      base::Throw("sync: Semaphore: released more than held");
    }
    int64_t given = 0;
    while (!queue_.empty() && queue_.front()->n <= state / 2 - given) {
      Entry* const entry = queue_.Pop();
      given += entry->n;
      woken.PushBack(entry->waiter.node());
    }
    int64_t change = 2 * given;
    if (!woken.empty() && queue_.empty()) change += kWaiters;
    state_.fetch_sub(change, std::memory_order_relaxed);
  }
  woken.WakeAll();
}

}  // namespace heddle
