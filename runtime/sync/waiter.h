// Waiter: a goroutine, or a plain thread, that waits; and the queue of those.
//
// A goroutine parks; a thread that cannot park (it runs no goroutine, or is
// inside Blocking) sleeps on a note. In the queue a goroutine is its G, and a
// thread is a node on its stack. So the queue's links lie side by side in the
// Gs, and not each on a stack of its own: to wake a million is a walk through
// memory, and not a million misses.
//
// Once woken, a waiter may be gone at any moment: Wake is the last to touch it.

#ifndef RUNTIME_SYNC_WAITER_H_
#define RUNTIME_SYNC_WAITER_H_

#include <cstdint>

#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/os/note.h"
#include "heddle/runtime/os/spin_lock.h"
#include "heddle/runtime/sched/gqueue.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/park_inline.h"
#include "heddle/runtime/sched/race.h"

namespace heddle::sync {

using sched::WaitNode;
using sched::WaitVerdict;

// Its maker is inside the runtime (sched::InRuntime) before it takes the lock
// that it will wait with: at the gate a goroutine may have to wait for a P.
class Waiter {
 public:
  Waiter() : gp_(sched::ParkableG()) { set_verdict(WaitVerdict::kNone); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  // What is put into a queue.
  WaitNode* node() {
    return gp_ != nullptr ? static_cast<WaitNode*>(gp_) : &thread_;
  }

  WaitVerdict verdict() { return node()->verdict; }
  void set_verdict(WaitVerdict verdict) { node()->verdict = verdict; }

  // Releases `lock`, an os::Lock or SpinLock under which the waiter was queued,
  // once it can be woken, and returns when it has been.
  template <typename Lock>
  void Wait(Lock* lock,
            sched::WaitReason reason) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (gp_ != nullptr) {
      sched::GoparkUnlock(lock, reason);
      sched::RaceAcquire(sanitizer::RaceWoken(&gp_->fiber));
      return;
    }
    lock->unlock();
    SleepThread();
  }

  // The same for what is queued under several locks:
  // unlockf(gp, locks) releases them, and touches nothing of the waiter's after
  // the last. gp is null on a thread.
  void Wait(bool (*unlockf)(sched::G* gp, void* locks), void* locks,
            sched::WaitReason reason) {
    if (gp_ != nullptr) {
      sched::Gopark(unlockf, locks, reason);
      sched::RaceAcquire(sanitizer::RaceWoken(&gp_->fiber));
      return;
    }
    unlockf(nullptr, locks);
    SleepThread();
  }

  // Ends the Wait of the waiter whose node this is. Once for each Wait, by
  // whoever took the node off its queue.
  static void Wake(WaitNode* node) { WakeBy(sched::Goready, node); }
  // The same, in its code, for a caller that is inside the runtime.
  HEDDLE_INLINE static void WakeInside(WaitNode* node) {
    WakeBy([](sched::G* gp) { sched::ReadyHere(sched::Getm(), gp); }, node);
  }

  // Part of Wake, for who does the rest otherwise: what the caller did happened
  // before what the waiter does after its Wait.
  static void NoteWake(WaitNode* node) {
    if (node->home != nullptr) {
      sched::RaceRelease(
          sanitizer::RaceWoken(&static_cast<sched::G*>(node)->fiber));
    } else {
      sched::RaceRelease(static_cast<ThreadNode*>(node));
    }
  }

 private:
  struct ThreadNode : WaitNode {
    os::Note note;
  };

  template <typename ReadyG>
  HEDDLE_INLINE static void WakeBy(ReadyG ready, WaitNode* node) {
    NoteWake(node);
    if (node->home != nullptr) {
      ready(static_cast<sched::G*>(node));
    } else {
      static_cast<ThreadNode*>(node)->note.Wakeup();
    }
  }

  void SleepThread() {
    // Outside: inside Blocking, others may have the P.
    sched::M* mp = sched::Getm();
    sched::Releasem(mp);
    thread_.note.Sleep();
    thread_.note.Clear();
    sched::Acquirem();
    sched::RaceAcquire(&thread_);
  }

  sched::G* const gp_;
  ThreadNode thread_;
};

// First in, first out. Used under a lock of its owner's.
class WaitQueue {
 public:
  bool empty() const { return queue_.empty(); }
  uint32_t size() const { return size_; }
  WaitNode* front() const { return queue_.front(); }

  void PushBack(Waiter* w) { PushBack(w->node()); }
  void PushBack(WaitNode* node) {
    queue_.PushBack(node);
    size_++;
  }
  void PushFront(Waiter* w) {
    queue_.Push(w->node());
    size_++;
  }
  WaitNode* Pop() {
    if (!queue_.empty()) size_--;
    return queue_.Pop();
  }

  // Wakes all, in order; empty afterwards.
  void WakeAll();

 private:
  sched::GQueue<WaitNode> queue_;
  uint32_t size_ = 0;
};

}  // namespace heddle::sync

#endif  // RUNTIME_SYNC_WAITER_H_
