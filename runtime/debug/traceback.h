// Tracebacks in Go's format.

#ifndef RUNTIME_DEBUG_TRACEBACK_H_
#define RUNTIME_DEBUG_TRACEBACK_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "heddle/runtime/base/cxx20.h"

namespace heddle::debug {

// The calling goroutine's header and frames, innermost first:
//
//   goroutine 7 [running]:
//   main::Work()
//   	/path/program+0x1b1f4
//   created by main::Start() in goroutine 1
//   	/path/program+0x1b012
//
// Under each function is the place of the call: `addr2line -e FILE OFFSET`
// gives its line. A plain thread is "thread TID". Frames whose function has no
// symbol show as "?". More than 50 inner and 50 outer frames are left out of
// the middle. Thread-safe; allocates.
std::string Stack();

// The same for all goroutines of the calling goroutine's runtime, itself first
// and then by number, with an empty line between two; from a plain thread, for
// all runtimes of the process. The header says what a goroutine waits for, and
// how long it has, from a second on:
//
//   goroutine 9 "reader" [sync.Mutex.Lock, 2 minutes]:
//
// A goroutine on another thread is asked by a signal, SIGURG; if that does not
// answer, its stack is "unavailable". No goroutine begins to run while this
// looks. System goroutines are left out unless the environment has
// HEDDLE_TRACEBACK=system. Thread-safe; allocates; needs 16 KiB of stack.
std::string AllStacks();

// What AllStacks says of one goroutine, in parts.
struct GoroutineInfo {
  uint64_t goid = 0;
  uint64_t parent_goid = 0;  // 0: started by a plain thread
  std::string name;
  // What is between the brackets, without the time.
  std::string state;
  // Whether it is parked: it goes on only if somebody makes it.
  bool blocked = false;
  // Since when, to about the time between two looks of the scheduler's at the
  // clock; zero if it is not.
  absl::Duration blocked_for;
  bool system = false;
  // The header, the frames and who created it, as in AllStacks.
  std::string stack;
};

// As AllStacks.
std::vector<GoroutineInfo> AllGoroutines();

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_TRACEBACK_H_
