// How ThreadSanitizer is told to look at nothing on this thread's stack, and to
// look again; nests. For race.cc and signal_scope.cc, with TSan only.
//
// TSan offers this to mutexes: what they do inside is not looked at. The two
// for signalling do that alone, and cost 7 ns each; AnnotateIgnoreSyncBegin and
// its like note the whole stack each time.

#ifndef RUNTIME_SANITIZER_LOOK_AWAY_H_
#define RUNTIME_SANITIZER_LOOK_AWAY_H_

#include <sanitizer/tsan_interface.h>

#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::sanitizer {

inline char no_mutex;

HEDDLE_NO_SANITIZE_THREAD inline void LookAway() {
  __tsan_mutex_pre_signal(&no_mutex, 0);
}
HEDDLE_NO_SANITIZE_THREAD inline void LookAgain() {
  __tsan_mutex_post_signal(&no_mutex, 0);
}

}  // namespace heddle::sanitizer

#endif  // RUNTIME_SANITIZER_LOOK_AWAY_H_
