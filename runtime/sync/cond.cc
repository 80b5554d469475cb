#include "heddle/runtime/sync/cond.h"

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/wait_reason.h"
#include "heddle/runtime/sync/waiter.h"

namespace heddle {
namespace {

// Of tickets, which wrap around.
bool Before(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

}  // namespace

// On the stack of the one that waits.
struct Cond::Entry {
  explicit Entry(uint32_t ticket) : ticket(ticket) {}

  const uint32_t ticket;
  sync::Waiter waiter;
  Entry* next = nullptr;
};

void Cond::Wait() {
  if (lock_ == nullptr) {
    base::Throw(
        "sync: Cond::Wait() without a lock: give one to the "
        "constructor, or to Wait");
  }
  const uint32_t ticket = TakeTicket();
  locks_->unlock(lock_);
  WaitFor(ticket);
  locks_->lock(lock_);
}

void Cond::WaitFor(uint32_t ticket) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const sched::InRuntime in;
  Entry entry(ticket);
  queue_lock_.lock();
  if (Before(ticket, woken_.load(std::memory_order_relaxed))) {
    queue_lock_.unlock();
    sched::RaceAcquire(&woken_);  // of whose Signal it is
    return;
  }
  *tail_ = &entry;
  tail_ = &entry.next;
  entry.waiter.Wait(&queue_lock_, sched::WaitReason::kCondWait);
}

void Cond::Signal() {
  // Relaxed, also in Broadcast: see TakeTicket.
  if (next_.load(std::memory_order_relaxed) ==
      woken_.load(std::memory_order_relaxed)) {
    return;
  }
  sched::RaceReleaseMerge(&woken_);
  const sched::InRuntime in;
  sync::WaitNode* node = nullptr;
  {
    os::LockGuard guard(queue_lock_);
    const uint32_t ticket = woken_.load(std::memory_order_relaxed);
    if (ticket == next_.load(std::memory_order_relaxed)) return;
    woken_.store(ticket + 1, std::memory_order_relaxed);
    // Mostly the first. Not there: it has not come to queue up yet.
    for (Entry** at = &head_; *at != nullptr; at = &(*at)->next) {
      Entry* const entry = *at;
      if (entry->ticket != ticket) continue;
      *at = entry->next;
      if (entry->next == nullptr) tail_ = at;
      node = entry->waiter.node();
      break;
    }
  }
  if (node != nullptr) sync::Waiter::Wake(node);
}

void Cond::Broadcast() {
  if (next_.load(std::memory_order_relaxed) ==
      woken_.load(std::memory_order_relaxed)) {
    return;
  }
  sched::RaceReleaseMerge(&woken_);
  const sched::InRuntime in;
  sync::WaitQueue all;
  {
    os::LockGuard guard(queue_lock_);
    for (Entry* entry = head_; entry != nullptr; entry = entry->next) {
      all.PushBack(entry->waiter.node());
    }
    head_ = nullptr;
    tail_ = &head_;
    woken_.store(next_.load(std::memory_order_relaxed),
                 std::memory_order_relaxed);
  }
  all.WakeAll();
}

}  // namespace heddle
