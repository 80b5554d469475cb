#include "heddle/runtime/debug/ancestors.h"

namespace heddle::debug {
namespace {

void AppendOne(const sched::Ancestor& ancestor,
               void (*frame)(uintptr_t pc, Out* out), Out* out) {
  out->Format("[originating from goroutine %d]:\n", ancestor.goid);
  for (uintptr_t pc : ancestor.pcs) frame(pc, out);
  if (ancestor.pcs.size() == sched::kMaxAncestorFrames) {
    out->Append("...additional frames elided...\n");
  }
  // A main goroutine was created by Run: that is no news.
  if (ancestor.gopc != 0 && ancestor.goid != 1) {
    out->Append("created by ");
    frame(ancestor.gopc, out);
  }
}

}  // namespace

void AppendAncestors(const sched::Ancestors* ancestors,
                     void (*frame)(uintptr_t pc, Out* out), Out* out) {
  if (ancestors == nullptr) return;
  for (const std::shared_ptr<const sched::Ancestor>& ancestor : *ancestors) {
    AppendOne(*ancestor, frame, out);
  }
}

}  // namespace heddle::debug
