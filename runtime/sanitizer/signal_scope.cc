#include "heddle/runtime/sanitizer/signal_scope.h"

#if HEDDLE_TSAN

#include "heddle/runtime/sanitizer/look_away.h"
#include "heddle/runtime/sanitizer/race.h"

namespace heddle::sanitizer {

HEDDLE_NO_SANITIZE_THREAD SignalScope::SignalScope() {
  if (RaceExact()) LookAway();
}

HEDDLE_NO_SANITIZE_THREAD SignalScope::~SignalScope() {
  if (RaceExact()) LookAgain();
}

}  // namespace heddle::sanitizer

#endif
