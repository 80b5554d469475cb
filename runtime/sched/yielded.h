// YieldList: the goroutines that have yielded on one P while others wait there
// or in the global queue, and go behind all of those.
//
// Go puts each into the global queue, where its lock is taken for each, and
// where any P takes them from: with a thousand that yield, on two Ps, each turn
// is on the other CPU, half of the time, and the goroutine's G and stack have
// to come across (360 ns; 60 if they stay). So they stay here, any number of
// them, in order, until the P has run what it has; then it takes its share of
// the global queue, and after that from here.
//
// The owner puts and takes; so do thieves, which have nothing else to do.
//
// INV-YL1  size_ is that of list_, but for a moment under the lock.

#ifndef RUNTIME_SCHED_YIELDED_H_
#define RUNTIME_SCHED_YIELDED_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/os/spin_lock.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/gfifo.h"
#include "heddle/runtime/sched/runq.h"

namespace heddle::sched {

class YieldList {
 public:
  YieldList() = default;
  YieldList(const YieldList&) = delete;
  YieldList& operator=(const YieldList&) = delete;

  // As Runq::set_alone: no locked instruction is needed.
  void set_alone(bool alone) { alone_ = alone; }

  // Puts gp at the end. Owner only.
  HEDDLE_INLINE void Put(G* gp) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (!alone_) lock_.lock();
    list_.PushBack(gp);
    const uint32_t n = list_.size();
    if (alone_) {
      size_.store(n, std::memory_order_relaxed);
      return;
    }
    // Sequentially consistent, as in Runq::PutTail: the owner goes on to look
    // whether a thief must be woken, a thief that goes to sleep looks here
    // last.
    size_.store(n, std::memory_order_seq_cst);
    lock_.unlock();
  }

  // Takes the oldest; null if there is none. Owner or thief.
  G* TakeOldest() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (Empty()) return nullptr;
    if (!alone_) lock_.lock();
    G* const gp = list_.Pop();
    Shrunk();
    return gp;
  }

  // Moves the oldest, at most `max`, to the end of `to`, which is the caller's,
  // as far as there is room. Owner or thief. Returns how many.
  uint32_t MoveTo(Runq<G>* to, uint32_t max) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (Empty()) return 0;
    if (!alone_) lock_.lock();
    const uint32_t n = list_.MoveTo(to, max);
    Shrunk();
    return n;
  }

  // As Runq::Empty.
  bool Empty() const { return size_.load(std::memory_order_seq_cst) == 0; }
  // Of another P: a guess.
  uint32_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  void Shrunk() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    size_.store(list_.size(), std::memory_order_relaxed);
    if (!alone_) lock_.unlock();
  }

  os::SpinLock lock_;
  std::atomic<uint32_t> size_{0};
  bool alone_ = false;
  GFifo list_ ABSL_GUARDED_BY(lock_);
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_YIELDED_H_
