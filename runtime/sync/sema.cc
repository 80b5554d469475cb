#include "heddle/runtime/sync/sema.h"

namespace heddle::sync {

void Sema::Acquire(sched::WaitReason reason) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  const sched::InRuntime in;
  Waiter waiter;
  lock_.lock();
  if (tokens_ > 0) {
    tokens_--;
    lock_.unlock();
    return;
  }
  queue_.PushBack(&waiter);
  waiter.Wait(&lock_, reason);
}

void Sema::Release(uint32_t n) {
  const sched::InRuntime in;
  WaitQueue woken;
  {
    os::LockGuard guard(lock_);
    for (; n > 0 && !queue_.empty(); n--) woken.PushBack(queue_.Pop());
    tokens_ += n;
  }
  woken.WakeAll();
}

}  // namespace heddle::sync
