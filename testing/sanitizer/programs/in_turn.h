// InTurn: two goroutines do something one after the other, on one thread, and
// nothing but the scheduler orders the two. So whatever the program gets wrong
// it gets wrong each time, and only who follows goroutines finds out.

#ifndef TESTING_SANITIZER_PROGRAMS_IN_TURN_H_
#define TESTING_SANITIZER_PROGRAMS_IN_TURN_H_

#include <atomic>
#include <utility>

#include "heddle.h"

namespace heddle::testing {

enum class First {
  kStays,  // until the second is through
  kEnds,   // before the second begins
};

// In main goroutine of a runtime of its own: runs first() in a goroutine called
// alice, then second() in one called bob, then last().
template <typename F, typename G, typename L>
void InTurn(First mode, F first, G second, L last) {
  Run(Options{.procs = 1, .preempt = false}, [&] {
    // Relaxed, so that it orders nothing.
    std::atomic<int> turn{0};
    const auto pass = [&turn] { turn.fetch_add(1, std::memory_order_relaxed); };
    const auto await = [&turn](int n) {
      while (turn.load(std::memory_order_relaxed) < n) Yield();
    };
    Go({.name = "bob"}, [=] {
      await(1);
      second();
      pass();
    });
    Go({.name = "alice"}, [=]() mutable {
      first();
      pass();
      if (mode == First::kEnds) return;
      await(2);
      pass();
    });
    await(mode == First::kEnds ? 2 : 3);
    last();
  });
}

template <typename F, typename G>
void InTurn(First mode, F first, G second) {
  InTurn(mode, std::move(first), std::move(second), [] {});
}

}  // namespace heddle::testing

#endif  // TESTING_SANITIZER_PROGRAMS_IN_TURN_H_
