// Collect: the goroutines of a living program, with their stacks, at one
// moment: while it looks, no goroutine begins to run (sched/freeze.h). Those
// that run are asked (thread_stack.h).

#ifndef RUNTIME_DEBUG_COLLECT_H_
#define RUNTIME_DEBUG_COLLECT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "heddle/runtime/debug/trace.h"

namespace heddle::debug {

// A Trace that is as long as its stack.
struct Record {
  int runtime = 0;  // which one, from 1 on
  Trace Unpack() const;

  const sched::G* gp;
  uint64_t goid;
  uint64_t parent_goid;
  uintptr_t gopc;
  uintptr_t startpc;
  sched::GStatus status;
  sched::WaitReason reason;
  int64_t waited_ns;
  bool is_system;
  bool locked;
  bool have_stack;
  std::shared_ptr<const sched::Ancestors> ancestors;
  std::string name;
  std::vector<uintptr_t> pcs;
  int64_t elided;
};

enum class Depth {
  kStates,  // without stacks
  kStacks,
};

// Those of the calling goroutine's runtime, itself first, then by number; from
// a plain thread, those of all runtimes, one after the other. System goroutines
// only if HEDDLE_TRACEBACK is "system". Thread-safe; allocates.
std::vector<Record> Collect(Depth depth);

// Whether HEDDLE_TRACEBACK is "system"; read once.
bool ShowSystem();

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_COLLECT_H_
