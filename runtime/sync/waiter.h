// Waiter: a goroutine, or a plain thread, in a wait queue; and the queue.
//
// A goroutine parks; a thread that cannot park (it runs no goroutine, or is
// inside Blocking) sleeps on a note. The waiter lies on the waiting stack: once
// woken it may be gone at any moment, so Wake is the last to touch it.

#ifndef RUNTIME_SYNC_WAITER_H_
#define RUNTIME_SYNC_WAITER_H_

#include "runtime/os/lock.h"
#include "runtime/os/note.h"
#include "runtime/sched/m.h"
#include "runtime/sched/park.h"

namespace heddle::sync {

// Its maker is inside the runtime (sched::InRuntime) before it takes the lock
// that it will wait with: at the gate a goroutine may have to wait for a P.
class Waiter {
 public:
  Waiter() : gp_(sched::ParkableG()) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // Releases `lock`, under which the waiter was queued, once it can be woken,
  // and returns when it has been.
  void Wait(os::Lock* lock,
            sched::WaitReason reason) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (gp_ != nullptr) {
      sched::GoparkUnlock(lock, reason);
      return;
    }
    lock->unlock();
    // Outside: inside Blocking, others may have the P.
    sched::M* mp = sched::Getg() != nullptr ? sched::Getg()->m : nullptr;
    sched::Releasem(mp);
    note_.Sleep();
    note_.Clear();
    sched::Acquirem();
  }

  // Ends Wait. Once for each Wait, by whoever took the waiter off its queue.
  void Wake() {
    if (gp_ != nullptr) {
      sched::Goready(gp_);
    } else {
      note_.Wakeup();
    }
  }

  // The next one in its queue.
  const Waiter* next() const { return next_; }

  // For the owner of the queue: what Wait was told. Written before Wake.
  bool granted = false;
  // For the owner of the queue: it has waited for too long. Written before it
  // is queued.
  bool starving = false;

 private:
  friend class WaitQueue;

  sched::G* const gp_;
  os::Note note_;
  Waiter* next_ = nullptr;
};

// First in, first out. Used under a lock of its owner's.
class WaitQueue {
 public:
  bool empty() const { return head_ == nullptr; }
  const Waiter* front() const { return head_; }

  void PushBack(Waiter* w) {
    w->next_ = nullptr;
    if (tail_ != nullptr) {
      tail_->next_ = w;
    } else {
      head_ = w;
    }
    tail_ = w;
  }

  void PushFront(Waiter* w) {
    w->next_ = head_;
    head_ = w;
    if (tail_ == nullptr) tail_ = w;
  }

  Waiter* Pop() {
    Waiter* w = head_;
    if (w == nullptr) return nullptr;
    head_ = w->next_;
    if (head_ == nullptr) tail_ = nullptr;
    return w;
  }

 private:
  Waiter* head_ = nullptr;
  Waiter* tail_ = nullptr;
};

}  // namespace heddle::sync

#endif  // RUNTIME_SYNC_WAITER_H_
