// The table where those who wait for a mutex meet who gave it back by a plain
// store (mutex_word.h). Buckets by address, as in Go's semaphore table; but the
// queue of waiters is in the mutex, so a bucket is a lock, and a list of the
// mutexes for which its flag is up: none, most often. A RWMutex's writer and
// its readers meet here likewise (reader_count.h).
//
// The buckets' flags lie apart, a byte each: they are all that an Unlock looks
// at, and stay in the first cache.
//
// INV-MT1  A mutex in the list has somebody who waits for it, so it exists.
// INV-MT2  A bucket's flag is up while its list is not empty. Where there is no
//          membarrier(2) all are up always: each Unlock then takes the lock.

#ifndef RUNTIME_SYNC_MUTEX_TABLE_H_
#define RUNTIME_SYNC_MUTEX_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/os/lock.h"

namespace heddle::sync {

// A mutex's place in the list of its bucket. Under the bucket's lock.
class MutexFlag {
 public:
  constexpr MutexFlag() = default;
  bool is_up() const { return up_; }

 private:
  friend class MutexBucket;
  MutexFlag* next_ = nullptr;
  bool up_ = false;
};

class alignas(64) MutexBucket {
 public:
  // The one of the mutex with the flag at this address. Does not look at it.
  static MutexBucket& Of(const MutexFlag* flag) {
    return buckets_[IndexOf(flag)];
  }

  // Whether a flag is up in its bucket. After a light fence; without lock.
  static bool IsFlagged(const MutexFlag* flag) {
    return flags_[IndexOf(flag)].load(std::memory_order_relaxed) != 0;
  }

  // Puts the flag up, and returns after a heavy fence.
  void Raise(MutexFlag* flag) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock);
  void Lower(MutexFlag* flag) ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock);
  // Whether it is up. It need not exist.
  bool Has(const MutexFlag* flag) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(lock);

  os::Lock lock{os::LockRank::kSema};

 private:
  static constexpr int kBits = 8;
  // Before the constructors of static objects that have no priority, and so
  // before there are threads that could want one mutex.
  static constexpr int kBeforeStatics = 101;

  static size_t IndexOf(const void* address) {
    // Fibonacci hashing: the upper bits depend on all bits of the address.
    constexpr uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;
    return (reinterpret_cast<uintptr_t>(address) * kGolden) >> (64 - kBits);
  }

  [[gnu::constructor(kBeforeStatics)]] static void RaiseAllWithoutFences();

  static MutexBucket buckets_[size_t{1} << kBits];
  static std::atomic<uint8_t> flags_[size_t{1} << kBits];

  MutexFlag* list_ ABSL_GUARDED_BY(lock) = nullptr;
};

}  // namespace heddle::sync

#endif  // RUNTIME_SYNC_MUTEX_TABLE_H_
