#include "heddle/runtime/sync/mutex_table.h"

#include <new>

#include "heddle/runtime/os/fork.h"
#include "heddle/runtime/os/membarrier.h"

namespace heddle::sync {

constinit MutexBucket MutexBucket::buckets_[];
constinit std::atomic<uint8_t> MutexBucket::flags_[] = {};

void MutexBucket::RaiseAllWithoutFences() {
  // A child of fork has none of the threads that waited.
  os::AtFork([] {
    for (MutexBucket& bucket : buckets_) new (&bucket) MutexBucket;
    if (!os::HaveAsymmetricFences()) return;
    for (std::atomic<uint8_t>& flag : flags_) {
      flag.store(0, std::memory_order_relaxed);
    }
  });
  if (os::HaveAsymmetricFences()) return;
  for (std::atomic<uint8_t>& flag : flags_) {
    flag.store(1, std::memory_order_relaxed);
  }
}

void MutexBucket::Raise(MutexFlag* flag) {
  flag->up_ = true;
  flag->next_ = list_;
  list_ = flag;
  if (!os::HaveAsymmetricFences()) return;
  flags_[IndexOf(flag)].store(1, std::memory_order_relaxed);
  os::AsymmetricHeavyFence();
}

void MutexBucket::Lower(MutexFlag* flag) {
  MutexFlag** link = &list_;
  while (*link != flag) link = &(*link)->next_;
  *link = flag->next_;
  flag->up_ = false;
  if (list_ != nullptr || !os::HaveAsymmetricFences()) return;
  flags_[IndexOf(flag)].store(0, std::memory_order_relaxed);
}

bool MutexBucket::Has(const MutexFlag* flag) const {
  const MutexFlag* f = list_;
  while (f != nullptr && f != flag) f = f->next_;
  return f != nullptr;
}

}  // namespace heddle::sync
