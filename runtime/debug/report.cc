#include "heddle/runtime/debug/report.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "absl/base/thread_annotations.h"
#include "heddle/runtime/arch/gobuf.h"
#include "heddle/runtime/debug/collect.h"
#include "heddle/runtime/debug/thread_stack.h"
#include "heddle/runtime/debug/trace.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/newosproc.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/all_scheds.h"
#include "heddle/runtime/sched/freeze.h"
#include "heddle/runtime/sched/hooks.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/sched.h"
#include "third_party/libunwind/phdr.h"

namespace heddle::debug {
namespace {

using sched::G;
using sched::GStatus;
using sched::M;
using sched::Sched;

struct Entry {
  uint64_t goid;
  const G* gp;
  bool operator<(const Entry& other) const { return goid < other.goid; }
};

// What does not fit on a stack. One report at a time has it.
struct Workspace {
  alignas(64) char stack[128 << 10];
  Entry entries[kMaxReported];
  ThreadStack answer;
  Trace trace;
  Out out;
  int silent = 0;
};
constinit std::atomic<pid_t> reporter{0};  // the thread that has begun one
// Not constructed before its use: it is all zero, and costs no page until then.
alignas(Workspace) constinit char workspace_room[sizeof(Workspace)] = {};

[[noreturn]] void OnFault(int /*signal*/) {
  if (reporter.load(std::memory_order_relaxed) != os::GetTid()) {
    // Nothing to do with the report: this thread waits for its end.
    base::Die(base::Blame::kRuntime, 0);
  }
  base::WriteErr(
      "\nruntime: a stack could not be read; the report ends here\n");
  std::abort();
}

void EndOnFault() {
  struct sigaction action;
  std::memset(&action, 0, sizeof action);
  action.sa_handler = OnFault;
  action.sa_flags = SA_ONSTACK | SA_NODEFER;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

// The calling thread's goroutine, also if g0 works for it.
const G* CurrentG() {
  const G* gp = sched::Getg();
  const M* mp = sched::Getm();
  if (gp == nullptr || gp != &mp->g0) return gp;
  const G* curg = mp->curg;
  return curg != nullptr && sched::ReadGStatus(curg) == GStatus::kRunning
             ? curg
             : nullptr;
}

// Without a lock, of a goroutine that may end, or park: what it has is an M if
// it is among the Ms.
HEDDLE_NO_SANITIZE_THREAD pid_t ThreadOf(const Sched* sched, const G* gp)
    ABSL_NO_THREAD_SAFETY_ANALYSIS {
  for (const M* mp = sched->allm; mp != nullptr; mp = mp->alllink) {
    if (mp == gp->m) return mp->tid.load(std::memory_order_relaxed);
  }
  return 0;
}

void FindStack(Workspace* w, Trace* trace) {
  if (!Runs(trace->status)) {
    UnwindParked(trace->gp, &trace->frames);
    trace->have_stack = true;
    return;
  }
  const pid_t tid = ThreadOf(trace->gp->home, trace->gp);
  if (tid == 0 || tid == os::GetTid() || w->silent == kMaxSilent) return;
  if (!AskThread(tid, &w->answer)) {
    w->silent++;
  } else if (w->answer.gp == trace->gp) {
    trace->frames = w->answer.frames;
    trace->have_stack = trace->frames.size() > 0;
  }
}

// The first kMaxReported of sched's goroutines by number, but `self`; returns
// how many, and in *more how many there are beyond.
int Select(Workspace* w, const Sched* sched, const G* self, int64_t* more) {
  int n = 0;
  *more = 0;
  for (size_t i = 0; i < sched->allgs.size(); i++) {
    const G* gp = sched->allgs[i];
    if (gp == self || !Lives(sched::ReadGStatus(gp)) ||
        (gp->marks.system() && !ShowSystem())) {
      continue;
    }
    const Entry entry = {gp->goid, gp};
    if (n < kMaxReported) {
      w->entries[n++] = entry;
      if (n == kMaxReported) std::make_heap(w->entries, w->entries + n);
      continue;
    }
    ++*more;
    if (!(entry < w->entries[0])) continue;
    std::pop_heap(w->entries, w->entries + n);
    w->entries[n - 1] = entry;
    std::push_heap(w->entries, w->entries + n);
  }
  std::sort(w->entries, w->entries + n);
  return n;
}

// `number` not 0: says which runtime it is.
void ReportSched(Workspace* w, const Sched* sched, const G* self, int number) {
  int64_t more = 0;
  const int n = Select(w, sched, self, &more);
  if (n > 0 && number != 0) w->out.Format("\nruntime %d:\n", number);
  const int64_t now = os::Nanotime();
  for (int i = 0; i < n; i++) {
    w->trace.frames = Frames();
    w->trace.have_stack = false;
    Describe(w->entries[i].gp, now, &w->trace);
    // It may have ended since it was selected.
    if (!Lives(w->trace.status)) continue;
    FindStack(w, &w->trace);
    w->out.Append("\n");
    AppendTrace(w->trace, Show::kUser, &w->out);
    w->out.Flush();
  }
  if (more > 0) {
    w->out.Format("\n...%d more goroutines...\n", more);
    w->out.Flush();
  }
}

void ReportSelf(Workspace* w, const ReportOptions& options, const G* self) {
  w->trace.frames = Frames();
  if (options.ucontext != nullptr) {
    UnwindContext(options.ucontext, &w->trace.frames, options.max_frames);
  } else {
    UnwindSelf(options.from, &w->trace.frames);
  }
  const bool runtime = options.blame == base::Blame::kRuntime;
  if (self != nullptr) {
    Describe(self, os::Nanotime(), &w->trace);
    w->trace.have_stack = true;
    w->out.Append("\n");
    AppendTrace(w->trace, runtime ? Show::kAll : Show::kUser, &w->out);
  } else if (runtime) {
    w->out.Append("\nruntime stack:\n");
    AppendFrames(nullptr, w->trace.frames, Show::kAll, &w->out);
  }
  w->out.Flush();
}

void ReportOnOwnStack(void* arg) {
  const ReportOptions& options = *static_cast<const ReportOptions*>(arg);
  if (options.say != nullptr) options.say(options.say_arg);
  sched::Freeze();
  auto* w = reinterpret_cast<Workspace*>(workspace_room);
  const G* self = CurrentG();
  ReportSelf(w, options, self);
  const M* here = sched::Getm();
  const bool all = here == nullptr || options.all_runtimes;
  const bool several = all && sched::FirstSched() != nullptr &&
                       sched::NextSched(sched::FirstSched()) != nullptr;
  int runtime = 0;
  for (const Sched* sched = sched::FirstSched(); sched != nullptr;
       sched = sched::NextSched(sched)) {
    runtime++;
    if (!all && here->sched != sched) continue;
    ReportSched(w, sched, self, several ? runtime : 0);
  }
}

}  // namespace

void Report(const ReportOptions& options) {
  pid_t nobody = 0;
  if (!reporter.compare_exchange_strong(nobody, os::GetTid(),
                                        std::memory_order_relaxed)) {
    return;
  }
  EndOnFault();
  auto* w = new (workspace_room) Workspace;
  ReportOptions copy = options;
  arch::Systemstack(reinterpret_cast<uintptr_t>(w->stack) + sizeof w->stack,
                    ReportOnOwnStack, &copy);
}

void InstallReports() {
  static const bool installed = [] {
    ShowSystem();
    unwind::CopyModules();
    sched::SetCaptureStackHook(CaptureStack);
    base::SetFatalHook([](base::Blame blame, uintptr_t pc) {
      Report({.blame = blame, .from = pc});
    });
    return true;
  }();
  static_cast<void>(installed);
}

}  // namespace heddle::debug
