// Two goroutines count in a variable that both have captured. Fixed: under a
// mutex.

#include "heddle/heddle.h"
#include "testing/sanitizer/programs/in_turn.h"
#include "testing/sanitizer/programs/programs.h"

namespace heddle::testing {
namespace {

void Race(First mode, bool fixed) {
  int count = 0;
  Mutex mutex;
  const auto counts = [&count, &mutex, fixed]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (fixed) mutex.Lock();
    count++;
    if (fixed) mutex.Unlock();
  };
  InTurn(mode, Order::kByChance, counts, counts);
}

}  // namespace

void CapturedRace(bool fixed) { Race(First::kStays, fixed); }

// The one is dead, and its stack and what else it had may be the other's.
void DeadRace(bool fixed) { Race(First::kEnds, fixed); }

}  // namespace heddle::testing
