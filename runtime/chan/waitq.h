// The queue of a channel's waiters, first in, first out. A Waiter (Go's sudog)
// lies on the stack of who waits, so that nothing is allocated.
//
//   waiting ──▶ done    its send or receive was carried out
//          ├──▶ closed  the channel was closed
//          └──▶ retry   it has to try again: who carried it out failed, as T's
//                       move threw
//
// by whoever took it off its queue, under the channel's lock, and then wakes
// it. A select has a waiter in each of its channels and one `fired` for them
// all: who raises that from 0 to 1 has won, and the other waiters are dead. A
// dead one is taken off by whoever meets it, or by the select when it wakes.
//
// What happened before somebody waits is told to TSan at its Waiter's address,
// to who carries it out; the way back is sync::Waiter's.
//
// INV-WQ1  A waiter is on a queue only between its enqueueing and its result,
//          or its select's `fired`; `queued` tells. All under the channel's
//          lock.
// INV-WQ2  A waiter's memory stays until it is woken, and that of a select's
//          until that has taken its waiters off all queues. Who has set a
//          result reads what it needs first, and touches nothing after Wake.

#ifndef RUNTIME_CHAN_WAITQ_H_
#define RUNTIME_CHAN_WAITQ_H_

#include <atomic>
#include <cstdint>

#include "heddle/runtime/chan/elem.h"

namespace heddle::sched {
struct WaitNode;
}  // namespace heddle::sched

namespace heddle::chan {

enum class Result : uint32_t { kWaiting, kDone, kClosed, kRetry };

struct Waiter {
  Waiter* next = nullptr;
  Waiter* prev = nullptr;
  // A sender's value; where a receiver wants it, null if it does not.
  void* elem = nullptr;
  // How a receiver wants it there. Null: as memory.
  MoveFn deliver = nullptr;
  // Whom to wake.
  sched::WaitNode* node = nullptr;
  // Shared by the waiters of one select; null: it is none's.
  std::atomic<uint32_t>* fired = nullptr;
  // Written by the waker, release; read by the waiter, acquire: what happened
  // before the one side's operation comes before what follows the other's.
  std::atomic<Result> result{Result::kWaiting};
  bool queued = false;

  // Whether it can still be fired. A guess, if it is a select's.
  bool alive() const {
    return fired == nullptr || fired->load(std::memory_order_relaxed) == 0;
  }
  // Makes the caller the one that carries it out.
  bool Claim() {
    uint32_t no = 0;
    // Relaxed: `result` orders what the two sides do.
    return fired == nullptr ||
           fired->compare_exchange_strong(no, 1, std::memory_order_relaxed);
  }
};

class WaitQueue {
 public:
  // Whether it was empty; a guess without the lock.
  bool empty() const {
    return first_.load(std::memory_order_relaxed) == nullptr;
  }

  void PushBack(Waiter* w) {
    w->next = nullptr;
    w->prev = last_;
    if (last_ != nullptr) {
      last_->next = w;
    } else {
      SetFirst(w);
    }
    last_ = w;
    w->queued = true;
  }

  // Puts w back to where Pop took it from.
  void PushFront(Waiter* w) {
    Waiter* first = front();
    w->prev = nullptr;
    w->next = first;
    (first != nullptr ? first->prev : last_) = w;
    SetFirst(w);
    w->queued = true;
  }

  void Remove(Waiter* w) {
    if (w->prev != nullptr) {
      w->prev->next = w->next;
    } else {
      SetFirst(w->next);
    }
    (w->next != nullptr ? w->next->prev : last_) = w->prev;
    w->queued = false;
  }

  // Takes off the first that wakes `node`; null if there is none.
  Waiter* RemoveFirstOf(const sched::WaitNode* node) {
    Waiter* w = front();
    while (w != nullptr && w->node != node) w = w->next;
    if (w != nullptr) Remove(w);
    return w;
  }

  // Takes the first that the caller then has to carry out; null when there is
  // none. (dequeue)
  Waiter* Pop() {
    for (Waiter* w = front(); w != nullptr; w = front()) {
      Remove(w);
      if (w->Claim()) return w;
    }
    return nullptr;
  }

  // Whether there is somebody to carry out: takes the dead off the front. A
  // select that is alive may be fired by others before Pop comes.
  bool AnyAlive() {
    for (Waiter* w = front(); w != nullptr; w = front()) {
      if (w->alive()) return true;
      Remove(w);
    }
    return false;
  }

 private:
  Waiter* front() const { return first_.load(std::memory_order_relaxed); }
  void SetFirst(Waiter* w) { first_.store(w, std::memory_order_relaxed); }

  // Written under the channel's lock; read by anyone, as a guess.
  std::atomic<Waiter*> first_{nullptr};
  Waiter* last_ = nullptr;
};

}  // namespace heddle::chan

#endif  // RUNTIME_CHAN_WAITQ_H_
