// heddle: goroutines for C++. Everything that programs use.

#ifndef HEDDLE_H_
#define HEDDLE_H_

#include "heddle/runtime/chan/chan.h"           // IWYU pragma: export
#include "heddle/runtime/chan/select.h"         // IWYU pragma: export
#include "heddle/runtime/context/context.h"     // IWYU pragma: export
#include "heddle/runtime/context/task_group.h"  // IWYU pragma: export
#include "heddle/runtime/debug/held_locks.h"    // IWYU pragma: export
#include "heddle/runtime/debug/stats.h"         // IWYU pragma: export
#include "heddle/runtime/debug/traceback.h"     // IWYU pragma: export
#include "heddle/runtime/go.h"                  // IWYU pragma: export
#include "heddle/runtime/labels.h"              // IWYU pragma: export
#include "heddle/runtime/runtime.h"             // IWYU pragma: export
#include "heddle/runtime/sync/cond.h"           // IWYU pragma: export
#include "heddle/runtime/sync/mutex.h"          // IWYU pragma: export
#include "heddle/runtime/sync/once.h"           // IWYU pragma: export
#include "heddle/runtime/sync/rw_mutex.h"       // IWYU pragma: export
#include "heddle/runtime/sync/semaphore.h"      // IWYU pragma: export
#include "heddle/runtime/sync/wait_group.h"     // IWYU pragma: export
#include "heddle/runtime/time/time.h"           // IWYU pragma: export

#endif  // HEDDLE_H_
