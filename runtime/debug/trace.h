// Trace: what a report tells of one goroutine, and how it is written, in Go's
// format:
//
//   goroutine 7 "name" [sync.Mutex.Lock, 2 minutes]:
//   heddle::Mutex::lock()
//   	/path/program+0x1234
//   main::Work()
//   	/path/program+0x5678
//   created by main::Start() in goroutine 1
//   	/path/program+0x9abc
//
// The places are of the call, not of what is after it: addr2line -e FILE OFFSET
// gives its line. Frames of the scheduler's at both ends are left out, as Go
// leaves out its runtime's; a goroutine that has no other, because it has not
// begun, shows the function that it will begin with.

#ifndef RUNTIME_DEBUG_TRACE_H_
#define RUNTIME_DEBUG_TRACE_H_

#include <cstdint>

#include "heddle/runtime/debug/frames.h"
#include "heddle/runtime/debug/out.h"
#include "heddle/runtime/sched/ancestors.h"
#include "heddle/runtime/sched/status.h"
#include "heddle/runtime/sched/wait_reason.h"

namespace heddle::debug {

// Some thread has it, and that thread alone can read its stack.
constexpr bool Runs(sched::GStatus status) {
  return status == sched::GStatus::kRunning ||
         status == sched::GStatus::kSyscall;
}

// It has begun and has not ended.
constexpr bool Lives(sched::GStatus status) {
  return status != sched::GStatus::kIdle && status != sched::GStatus::kDead;
}

struct Trace {
  const sched::G* gp = nullptr;
  uint64_t goid = 0;
  uint64_t parent_goid = 0;
  uintptr_t gopc = 0;
  uintptr_t startpc = 0;
  sched::GStatus status = sched::GStatus::kDead;
  sched::WaitReason reason = sched::WaitReason::kZero;
  int64_t waited_ns = 0;  // 0 if it does not wait
  bool is_system = false;
  bool locked = false;  // to its thread
  char name[64] = "";
  const sched::Ancestors* ancestors = nullptr;
  bool have_stack = false;
  Frames frames;
};

// Fills in all but the frames, as of `now` (os::Nanotime). The caller sees to
// it that gp's fields stay: sched::Freeze.
void Describe(const sched::G* gp, int64_t now, Trace* out);

// How many of the scheduler's own frames to show.
enum class Show {
  kUser,  // none
  kAll,
};

// What is between the brackets: "sync.Mutex.Lock, 2 minutes". From a minute on
// in minutes, as Go; from a second on in seconds.
void AppendState(const Trace& trace, Out* out);

// The whole, without an empty line after it.
void AppendTrace(const Trace& trace, Show show, Out* out);

// The frames alone, which are some of the goroutine's that `trace` describes,
// or a thread's if that is null.
void AppendFrames(const Trace* trace, const Frames& frames, Show show,
                  Out* out);

// One line with the function around the call that returns to `pc`, and one with
// its place.
void AppendFrame(uintptr_t pc, Out* out);

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_TRACE_H_
