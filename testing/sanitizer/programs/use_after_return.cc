// A goroutine publishes where a variable on its stack is, and another one uses
// that: when the function has returned, or the goroutine has ended. Fixed: the
// variable is in a frame that stays.

#include "testing/sanitizer/programs/in_turn.h"
#include "testing/sanitizer/programs/programs.h"

namespace heddle::testing {
namespace {

int* published;

// A function of its own: compilers warn of what they see through.
[[gnu::noinline]] void Publish(int* p) { published = p; }

[[gnu::noinline]] void PublishesALocal() {
  int local = 1;
  Publish(&local);
}

[[gnu::noinline]] void Uses() { *published += 1; }

}  // namespace

void UseAfterReturn(bool fixed) {
  int stays = 0;
  InTurn(
      First::kStays, Order::kBySignal,
      [&stays, fixed] {
        if (fixed) {
          Publish(&stays);
        } else {
          PublishesALocal();
        }
      },
      Uses);
}

// What a goroutine has captured by value lies on its own stack.
void DeadStack(bool fixed) {
  int stays = 0;
  InTurn(
      First::kEnds, Order::kBySignal,
      [&stays, fixed, captured = 0]() mutable {
        Publish(fixed ? &stays : &captured);
      },
      Uses);
}

}  // namespace heddle::testing
