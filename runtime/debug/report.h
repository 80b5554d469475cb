// The report of a process that dies: all goroutines, on standard error.
//
// It may come at any point of the runtime, with any lock held and little stack
// left, and from a signal handler. So it allocates nothing, takes no lock,
// brings its own stack, and reads what others may be writing: nothing is made
// to wait but goroutines, which begin no more. Should it fault, it ends there,
// and the process with it.

#ifndef RUNTIME_DEBUG_REPORT_H_
#define RUNTIME_DEBUG_REPORT_H_

#include <cstdint>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/debug/frames.h"

namespace heddle::debug {

// More goroutines than that, of one runtime, are only counted.
inline constexpr int kMaxReported = 1000;

struct ReportOptions {
  base::Blame blame = base::Blame::kProgram;
  // Where the caller's stack begins to be of interest: a return address, or the
  // ucontext_t of a signal handler.
  uintptr_t from = 0;
  void* ucontext = nullptr;
  // Of which so many frames are walked (frames.h).
  int64_t max_frames = kMaxWalked;
  // Called first, on the report's stack: says what is wrong.
  void (*say)(const void* arg) = nullptr;
  const void* say_arg = nullptr;
  // The goroutines of all runtimes; else, on one's thread, that one's.
  bool all_runtimes = false;
};

// Prints them, each after an empty line, the calling goroutine first. Freezes
// all others for good. Once in a process: a second call prints nothing.
void Report(const ReportOptions& options);

// Makes this the report of fatal errors (base/throw.h), and lets the scheduler
// capture stacks. Thread-safe; does something the first time.
void InstallReports();

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_REPORT_H_
