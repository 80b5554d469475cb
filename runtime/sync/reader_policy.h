// ReaderCount in the running program: slots by the M's small id, flags in the
// mutexes' table.

#ifndef RUNTIME_SYNC_READER_POLICY_H_
#define RUNTIME_SYNC_READER_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <new>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/base/small_id.h"
#include "heddle/runtime/os/membarrier.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sync/mutex_table.h"
#include "heddle/runtime/sync/reader_count.h"

namespace heddle::sync {

struct ReaderPolicy : os::AsymmetricAtomics {
  template <typename T>
  using Plain = T;

  class Flag {
   public:
    bool IsUp() const { return MutexBucket::IsFlagged(&flag_); }
    void Lock() ABSL_NO_THREAD_SAFETY_ANALYSIS { Bucket().lock.lock(); }
    void Unlock() ABSL_NO_THREAD_SAFETY_ANALYSIS { Bucket().lock.unlock(); }
    void Raise() ABSL_NO_THREAD_SAFETY_ANALYSIS { Bucket().Raise(&flag_); }
    void Lower() ABSL_NO_THREAD_SAFETY_ANALYSIS { Bucket().Lower(&flag_); }
    bool Has() const ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return Bucket().Has(&flag_);
    }

   private:
    MutexBucket& Bucket() const { return MutexBucket::Of(&flag_); }
    MutexFlag flag_;
  };

  // A plain thread has none. To be used at once: a goroutine that parks may go
  // on elsewhere.
  static int32_t Place() {
    const sched::M* mp = sched::Getm();
    return mp == nullptr ? -1 : mp->small_id.value();
  }
  static int32_t Places() { return base::SmallId::Limit(); }

  template <typename Slot>
  static Slot* NewSlots() {
    return os::HaveAsymmetricFences() ? new (std::nothrow)
                                            Slot[static_cast<size_t>(Places())]
                                      : nullptr;
  }

  template <typename Slot>
  static void DeleteSlots(Slot* slots) {
    delete[] slots;
  }

  static constexpr size_t kLine = 64;
  // They spare 2 ns each, and a writer that comes pays 10 us.
  static constexpr uint64_t kSpreadAfter = 32768;
};

using ReaderCount = BasicReaderCount<ReaderPolicy>;

}  // namespace heddle::sync

#endif  // RUNTIME_SYNC_READER_POLICY_H_
