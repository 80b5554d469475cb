// A Sched for the tests of this package: as heddle::Runtime, with its insides
// open.

#ifndef RUNTIME_SCHED_SCHED_FOR_TEST_H_
#define RUNTIME_SCHED_SCHED_FOR_TEST_H_

#include <array>
#include <atomic>
#include <utility>

#include "gtest/gtest.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/go_statement.h"
#include "heddle/runtime/sched/newproc.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/proc.h"
#include "heddle/runtime/sched/resolve_options.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {

class SchedForTest {
 public:
  explicit SchedForTest(const Options& options)
      : sched_(CreateSched(ResolveOptions(options).value())) {}

  // Every fixture ends with: nothing is left.
  ~SchedForTest() {
    if (sched_->options.on_main_return == OnMainReturn::kWait) {
      EXPECT_EQ(GCount(sched_), 0);
      EXPECT_EQ(sched_->nmspinning.load(), 0);
      EXPECT_EQ(sched_->npidle.load(), sched_->gomaxprocs.load());
    }
    DestroySched(sched_);
  }

  SchedForTest(const SchedForTest&) = delete;
  SchedForTest& operator=(const SchedForTest&) = delete;

  Sched* get() { return sched_; }
  Sched* operator->() { return sched_; }

  // The threads that run goroutines, idle ones included.
  int32_t Threads() {
    os::LockGuard guard(sched_->lock);
    return sched_->nm - sched_->nmsys;
  }

  // A thread without a P that submits something goes on to wake an M, which may
  // be after the end of the Run that it submitted it to; the M then finds that
  // out, and goes to sleep again. Returns when it has, after the thread was
  // joined. Hangs if it never does.
  void AwaitSleep() {
    while (sched_->nmspinning.load() != 0 ||
           sched_->npidle.load() != sched_->gomaxprocs.load()) {
      os::OsYield();
    }
  }

  template <typename F>
  void Run(F main) {
    RunMain(sched_, MakeFuncVal(main), 0);
  }

 private:
  Sched* const sched_;
};

// The go statement on the calling goroutine's runtime.
template <typename F>
void GoOn(F&& f) {
  GoStatement(MakeFuncVal(std::forward<F>(f)));
}
template <typename F>
void GoOn(F&& f, const GoOptions& options) {
  NewProc(Getm()->sched, MakeFuncVal(std::forward<F>(f)), options,
          reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
}

// The same of a callable that is too large to wait in its G: it has its stack
// from the start, in any build.
inline void GoOnWithStack() {
  GoOn([large = std::array<char, kCallableSize + 1>()] {
    static_cast<void>(large);
  });
}

// Lets others run until `done()`. One Gosched is not enough for a goroutine
// that was just started: the caller may be taken from the global queue again at
// once.
template <typename Done>
void GoschedUntil(Done&& done) {
  while (!done()) Gosched();
}

// One goroutine waits, parked, until `count` others have arrived.
class LatchForTest {
 public:
  explicit LatchForTest(int count) : left_(count) {}

  void Arrive() {
    if (left_.fetch_sub(1) != 1) return;
    G* waiter = state_.exchange(&done_);
    if (waiter != nullptr) Goready(waiter);
  }

  void Wait() {
    const InRuntime in;
    Gopark(
        [](G* gp, void* latch) {
          G* nobody = nullptr;
          return static_cast<LatchForTest*>(latch)
              ->state_.compare_exchange_strong(nobody, gp);
        },
        this, WaitReason::kZero);
  }

 private:
  G done_;  // its address says: all have arrived
  std::atomic<int> left_;
  std::atomic<G*> state_{nullptr};
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_SCHED_FOR_TEST_H_
