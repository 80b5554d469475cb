// What a goroutine writes before it sends is read by another that has forgotten
// to receive. Fixed: it receives.

#include "heddle/heddle.h"
#include "testing/sanitizer/programs/in_turn.h"
#include "testing/sanitizer/programs/programs.h"

namespace heddle::testing {

void ChannelRace(bool fixed) {
  int data = 0;
  const Chan<int> ready(1);
  int read = 0;
  InTurn(
      First::kStays, Order::kByChance,
      [&data, ready] {
        data = 42;
        ready.Send(1);
      },
      [&data, &read, ready, fixed] {
        if (fixed) ready.Recv();
        read = data;
      });
}

}  // namespace heddle::testing
