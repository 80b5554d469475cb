// InTurn: two goroutines do something one after the other, on one thread. So
// what the program gets wrong it gets wrong each time, whatever the machine
// does, and only who follows goroutines, not threads, finds out.

#ifndef TESTING_SANITIZER_PROGRAMS_IN_TURN_H_
#define TESTING_SANITIZER_PROGRAMS_IN_TURN_H_

#include <atomic>
#include <utility>

#include "heddle/heddle.h"

namespace heddle::testing {

enum class First {
  kStays,  // until the second is through
  kEnds,   // before the second begins
};

enum class Order {
  kByChance,  // nothing makes it so but how the scheduler works
  kBySignal,  // each tells the next one that it is through
};

// On a runtime of its own: runs first() in a goroutine called alice, then
// second() in one called bob, then last() in the main goroutine.
template <typename F, typename G, typename L>
void InTurn(First mode, Order order, F first, G second, L last) {
  Run(Options{.procs = 1, .preempt = false}, [&] {
    std::atomic<int> turn{0};
    // Relaxed orders nothing; the others pair with each other.
    const bool signal = order == Order::kBySignal;
    const auto pass = [&turn, signal] {
      turn.fetch_add(
          1, signal ? std::memory_order_acq_rel : std::memory_order_relaxed);
    };
    const auto await = [&turn, signal](int n) {
      while (turn.load(signal ? std::memory_order_acquire
                              : std::memory_order_relaxed) < n) {
        Yield();
      }
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
void InTurn(First mode, Order order, F first, G second) {
  InTurn(mode, order, std::move(first), std::move(second), [] {});
}

}  // namespace heddle::testing

#endif  // TESTING_SANITIZER_PROGRAMS_IN_TURN_H_
