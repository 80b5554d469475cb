#include "heddle/runtime/debug/trace.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"
#include "heddle/runtime/debug/ancestors.h"
#include "heddle/runtime/debug/symbol.h"
#include "heddle/runtime/sched/g.h"

namespace heddle::debug {
namespace {

using sched::GStatus;

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kSecondsPerMinute = 60;

// The function that runs a goroutine's callable. Its name tells nothing of the
// callable, which may be inlined into it.
bool RunsCallable(absl::string_view function) {
  return absl::StrContains(function, "heddle::sched::func_val_internal::Run<");
}

// A frame of the scheduler's, of the switch's (in assembly: a name without
// parentheses) or of these reports.
bool IsRuntimeFrame(uintptr_t pc) {
  char function[kMaxName];
  FunctionName(pc - 1, function);
  return !RunsCallable(function) &&
         (absl::StartsWith(function, "heddle::sched::") ||
          absl::StartsWith(function, "heddle::debug::") ||
          absl::StartsWith(function, "_ZN6heddle5debug") ||
          (absl::StartsWith(function, "heddle_") &&
           !absl::StrContains(function, "(")));
}

// A frame between GoroutineMain and the program's own code: how a callable is
// called that came in an AnyInvocable, as main does.
bool IsPlumbing(const Trace* trace, uintptr_t pc) {
  if (IsRuntimeFrame(pc)) return true;
  char function[kMaxName];
  FunctionName(pc - 1, function);
  if (RunsCallable(function)) return trace != nullptr && trace->goid == 1;
  return absl::StartsWith(function, "heddle::Runtime::Run") ||
         absl::StartsWith(function, "std::invoke<") ||
         absl::StartsWith(function, "std::__invoke") ||
         absl::StrContains(function, "::internal_any_invocable::");
}

void AppendPlace(uintptr_t pc, Out* out) {
  CodePlace place;
  FindPlace(pc, &place);
  out->Append("\t");
  if (place.file[0] != '\0') {
    out->Append(place.file);
    out->Append("+");
  }
  out->Format("0x%x\n", place.offset);
}

// A lambda that was started by F, and inlined, is shown as in F.
void AppendFrameOf(const Trace* trace, uintptr_t pc, Out* out) {
  char function[kMaxName];
  FunctionName(pc - 1, function);
  if (RunsCallable(function)) {
    if (trace != nullptr && trace->gopc != 0 && trace->goid != 1) {
      FunctionName(trace->gopc - 1, function);
      out->Append(function);
      out->Append("::{go}\n");
    } else {
      out->Append("main\n");
    }
  } else {
    if (out->may_allocate()) DemangleFully(function);
    out->Append(function);
    out->Append("\n");
  }
  AppendPlace(pc - 1, out);
}

}  // namespace

void AppendFrames(const Trace* trace, const Frames& frames, Show show,
                  Out* out) {
  int begin = 0;
  int end = frames.size();
  if (show == Show::kUser) {
    while (begin < end && IsRuntimeFrame(frames[begin])) begin++;
    while (begin < end && IsPlumbing(trace, frames[end - 1])) end--;
  }
  for (int i = begin; i < end; i++) {
    if (i == Frames::kInner && frames.elided() > 0) {
      out->Format("...%d frames elided...\n", frames.elided());
    }
    AppendFrameOf(trace, frames[i], out);
  }
  if (frames.cut()) {
    out->Format("...more than %d frames elided...\n", frames.elided());
  }
  if (begin == end && trace != nullptr && trace->startpc != 0) {
    AppendFrameOf(trace, trace->startpc + 1, out);
  }
}

void Describe(const sched::G* gp, int64_t now, Trace* out) {
  out->gp = gp;
  out->goid = gp->goid;
  out->parent_goid = gp->parent_goid;
  out->gopc = gp->gopc;
  out->startpc = gp->startpc;
  out->status = sched::ReadGStatus(gp);
  out->is_system = gp->marks.system();
  out->reason = sched::WaitReason::kZero;
  out->waited_ns = 0;
  if (out->status == GStatus::kWaiting) {
    out->reason = gp->waitreason.load(std::memory_order_relaxed);
    if (gp->waitsince != 0) {
      out->waited_ns = std::max<int64_t>(now - gp->waitsince, 0);
    }
  }
  // One that runs writes these itself, and may end.
  if (out->status == GStatus::kWaiting || out->status == GStatus::kRunnable ||
      gp == sched::Getg()) {
    out->locked = gp->marks.locked();
    out->ancestors = gp->ancestors();
  } else {
    out->locked = false;
    out->ancestors = nullptr;
  }
  const std::string_view name = gp->name();
  const size_t n = std::min(name.size(), sizeof out->name - 1);
  std::memcpy(out->name, name.data(), n);
  out->name[n] = '\0';
}

void AppendState(const Trace& trace, Out* out) {
  const char* reason = sched::WaitReasonText(trace.reason);
  out->Append(*reason != '\0' ? reason : sched::GStatusText(trace.status));
  const int64_t seconds = trace.waited_ns / kNsPerSecond;
  if (seconds >= kSecondsPerMinute) {
    out->Format(", %d minutes", seconds / kSecondsPerMinute);
  } else if (seconds >= 1) {
    out->Format(", %d seconds", seconds);
  }
  if (trace.locked) out->Append(", locked to thread");
}

void AppendTrace(const Trace& trace, Show show, Out* out) {
  out->Format("goroutine %d ", trace.goid);
  if (trace.name[0] != '\0') out->Format("\"%s\" ", trace.name);
  out->Append("[");
  AppendState(trace, out);
  out->Append("]:\n");
  if (trace.have_stack) {
    AppendFrames(&trace, trace.frames, show, out);
  } else if (Runs(trace.status)) {
    out->Append("\tgoroutine running on other thread; stack unavailable\n");
  } else {
    out->Append("\tstack unavailable\n");
  }
  if (trace.gopc != 0 && trace.goid != 1) {
    char function[kMaxName];
    FunctionName(trace.gopc - 1, function);
    out->Append("created by ");
    out->Append(function);
    if (trace.parent_goid != 0) {
      out->Format(" in goroutine %d", trace.parent_goid);
    }
    out->Append("\n");
    AppendPlace(trace.gopc - 1, out);
  }
  AppendAncestors(trace.ancestors, AppendFrame, out);
}

void AppendFrame(uintptr_t pc, Out* out) { AppendFrameOf(nullptr, pc, out); }

}  // namespace heddle::debug
