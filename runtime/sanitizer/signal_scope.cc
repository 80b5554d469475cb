#include "runtime/sanitizer/signal_scope.h"

#if HEDDLE_TSAN

#include <sanitizer/tsan_interface.h>

#include "runtime/sanitizer/race.h"

namespace heddle::sanitizer {
namespace {

char no_mutex;  // as in race.cc

}  // namespace

HEDDLE_NO_SANITIZE_THREAD SignalScope::SignalScope() {
  if (RaceExact()) __tsan_mutex_pre_signal(&no_mutex, 0);
}

HEDDLE_NO_SANITIZE_THREAD SignalScope::~SignalScope() {
  if (RaceExact()) __tsan_mutex_post_signal(&no_mutex, 0);
}

}  // namespace heddle::sanitizer

#endif
