// heddle: goroutines for C++. Everything that programs use.

#ifndef HEDDLE_H_
#define HEDDLE_H_

#include "runtime/chan/chan.h"           // IWYU pragma: export
#include "runtime/chan/select.h"         // IWYU pragma: export
#include "runtime/context/context.h"     // IWYU pragma: export
#include "runtime/context/task_group.h"  // IWYU pragma: export
#include "runtime/debug/held_locks.h"    // IWYU pragma: export
#include "runtime/debug/stats.h"         // IWYU pragma: export
#include "runtime/debug/traceback.h"     // IWYU pragma: export
#include "runtime/go.h"                  // IWYU pragma: export
#include "runtime/labels.h"              // IWYU pragma: export
#include "runtime/runtime.h"             // IWYU pragma: export
#include "runtime/sync/cond.h"           // IWYU pragma: export
#include "runtime/sync/mutex.h"          // IWYU pragma: export
#include "runtime/sync/once.h"           // IWYU pragma: export
#include "runtime/sync/rw_mutex.h"       // IWYU pragma: export
#include "runtime/sync/semaphore.h"      // IWYU pragma: export
#include "runtime/sync/wait_group.h"     // IWYU pragma: export
#include "runtime/time/time.h"           // IWYU pragma: export

#endif  // HEDDLE_H_
