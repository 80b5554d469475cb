// Kept: objects whose memory is never given back, as somebody may still look at
// one after its last owner has put it back. The next owner gets it as it is.
//
// T has a member `T* next_free`, which is the list's while T is put back.

#ifndef RUNTIME_SCHED_KEPT_H_
#define RUNTIME_SCHED_KEPT_H_

#include <new>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/os/lock.h"

namespace heddle::sched {

// Thread-safe. Static.
template <typename T>
class Kept {
 public:
  constexpr Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  // One that was put back, or a new one. Throws std::bad_alloc.
  T* Take() {
    {
      os::LockGuard guard(lock_);
      if (T* t = first_; t != nullptr) {
        first_ = t->next_free;
        return t;
      }
    }
    return new T;
  }

  void PutBack(T* t) {
    os::LockGuard guard(lock_);
    t->next_free = first_;
    first_ = t;
  }

  // For a child of fork, in which the thread that held the lock is missing. The
  // list is whole at any time.
  void UnlockInChild() { new (&lock_) os::Lock(os::LockRank::kLeaf); }

 private:
  os::Lock lock_{os::LockRank::kLeaf};
  T* first_ ABSL_GUARDED_BY(lock_) = nullptr;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_KEPT_H_
