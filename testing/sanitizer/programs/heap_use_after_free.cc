// A goroutine frees what another one uses afterwards. Fixed: it is freed when
// both are through.

#include "testing/sanitizer/programs/in_turn.h"
#include "testing/sanitizer/programs/programs.h"

namespace heddle::testing {
namespace {

[[gnu::noinline]] void Frees(int* p) { delete p; }
[[gnu::noinline]] void Uses(int* p) { *static_cast<volatile int*>(p) = 1; }

}  // namespace

void HeapUseAfterFree(bool fixed) {
  int* block = new int(0);
  InTurn(
      First::kStays, Order::kBySignal,
      [=] {
        if (!fixed) Frees(block);
      },
      [=] { Uses(block); },
      [=] {
        if (fixed) Frees(block);
      });
}

}  // namespace heddle::testing
