// Once: Go's sync.Once.
//
// Source: Go 1.21's sync/once.go. As there, a call that does not return
// normally counts: std::call_once would try again.

#ifndef RUNTIME_SYNC_ONCE_H_
#define RUNTIME_SYNC_ONCE_H_

#include <atomic>
#include <mutex>
#include <utility>

#include "heddle/runtime/sync/mutex.h"

namespace heddle {

// Thread-safe.
class Once {
 public:
  constexpr Once() = default;
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  // Calls f() if no Do of this Once has called anything yet. When Do returns,
  // that call has ended, whoever made it, and what it did is visible. Throws
  // what f throws; that call counts as well. f must not call Do of the same
  // Once: it would wait for itself.
  template <typename F>
  void Do(F&& f) {
    // Acquire: pairs with the release in Done.
    if (done_.load(std::memory_order_acquire)) return;
    const std::lock_guard<Mutex> lock(mutex_);
    if (done_.load(std::memory_order_relaxed)) return;
    const Done done{&done_};
    std::forward<F>(f)();
  }

 private:
  struct Done {
    std::atomic<bool>* done;
    ~Done() { done->store(true, std::memory_order_release); }
  };

  std::atomic<bool> done_{false};
  Mutex mutex_;
};

}  // namespace heddle

#endif  // RUNTIME_SYNC_ONCE_H_
