// Two goroutines take two mutexes in opposite orders, which would be a deadlock
// if they did so at the same time. Fixed: in the same order.

#include "absl/base/thread_annotations.h"
#include "heddle/heddle.h"
#include "testing/sanitizer/programs/in_turn.h"
#include "testing/sanitizer/programs/programs.h"

namespace heddle::testing {
namespace {

[[gnu::noinline]] void TakesBoth(Mutex* a,
                                 Mutex* b) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  a->Lock();
  b->Lock();
  b->Unlock();
  a->Unlock();
}

}  // namespace

void LockOrder(bool fixed) {
  Mutex a;
  Mutex b;
  InTurn(
      First::kStays, Order::kByChance, [&] { TakesBoth(&a, &b); },
      [&, fixed] {
        if (fixed) {
          TakesBoth(&a, &b);
        } else {
          TakesBoth(&b, &a);
        }
      });
}

}  // namespace heddle::testing
