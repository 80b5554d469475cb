// Tracebacks in Go's format.

#ifndef RUNTIME_DEBUG_TRACEBACK_H_
#define RUNTIME_DEBUG_TRACEBACK_H_

#include <string>

namespace heddle::debug {

// The calling goroutine's header and frames, innermost first:
//
//   goroutine 7 [running]:
//   main::Work()
//   	0x55d0c3a2b1f4
//   created by main::Start() in goroutine 1
//
// A plain thread is "thread TID". Frames whose function has no symbol show as
// "?". Functions are found by absl::Symbolize: the program calls
// absl::InitializeSymbolizer first. Thread-safe; allocates.
std::string Stack();

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_TRACEBACK_H_
