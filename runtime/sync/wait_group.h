// WaitGroup: waits for a number of goroutines to finish. Go's sync.WaitGroup.
//
// Source: Go 1.21's sync/waitgroup.go: one word holds the counter and the
// number of waiters, so that the last Done knows in one step whether to wake
// anybody.

#ifndef RUNTIME_SYNC_WAIT_GROUP_H_
#define RUNTIME_SYNC_WAIT_GROUP_H_

#include <atomic>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/go.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/sync/waiter.h"

namespace heddle {

// Thread-safe. May be destroyed as soon as the last Wait has returned.
class WaitGroup {
 public:
  constexpr WaitGroup() = default;
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  // Adds `delta`, which may be negative, to the counter; at 0 all waiters go
  // on. A counter that falls below 0 is a fatal error. Calls that raise it from
  // 0 must come before Wait.
  void Add(int delta);

  // Add(-1).
  void Done() { Add(-1); }

  // Waits until the counter is 0. What happened before each Done is visible.
  void Wait();

  // Starts a goroutine that calls f() and then Done, however f ends; adds 1
  // first.
  template <typename F>
  void Go(F&& f) {
    struct Body {
      WaitGroup* wg;
      std::decay_t<F> f;
      void operator()() {
        const Finish finish{wg};
        std::move(f)();
      }
    };
    Add(1);
    Finish failed{this};
    heddle::Go(Body{this, std::forward<F>(f)});
    failed.wg = nullptr;
  }

 private:
  struct Finish {
    WaitGroup* wg;
    ~Finish() {
      if (wg != nullptr) wg->Done();
    }
  };

  static constexpr int kCounterShift = 32;

  void WaitSlow();
  void WakeAll();

  // The counter in the high half, the number of waiters in the low one.
  std::atomic<uint64_t> state_{0};
  os::Lock lock_{os::LockRank::kSema};
  sync::WaitQueue queue_ ABSL_GUARDED_BY(lock_);
};

}  // namespace heddle

#endif  // RUNTIME_SYNC_WAIT_GROUP_H_
