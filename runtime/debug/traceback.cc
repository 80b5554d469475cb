#include "heddle/runtime/debug/traceback.h"

#include "heddle/runtime/debug/collect.h"
#include "heddle/runtime/debug/frames.h"
#include "heddle/runtime/debug/trace.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/newosproc.h"
#include "heddle/runtime/sched/m.h"

namespace heddle::debug {

std::string Stack() {
  std::string text;
  Out out(&text);
  const sched::G* gp = sched::Curg();
  if (gp == nullptr) {
    Frames frames;
    UnwindSelf(0, &frames);
    out.Format("thread %d:\n", os::GetTid());
    AppendFrames(nullptr, frames, Show::kUser, &out);
    return text;
  }
  Trace trace;
  Describe(gp, os::Nanotime(), &trace);
  UnwindSelf(0, &trace.frames);
  trace.have_stack = true;
  AppendTrace(trace, Show::kUser, &out);
  return text;
}

std::string AllStacks() {
  const std::vector<Record> records = Collect(Depth::kStacks);
  const bool several =
      !records.empty() && records.front().runtime != records.back().runtime;
  std::string text;
  Out out(&text);
  int runtime = 0;
  for (const Record& record : records) {
    if (!text.empty()) out.Append("\n");
    if (several && record.runtime != runtime) {
      runtime = record.runtime;
      out.Format("runtime %d:\n\n", runtime);
    }
    AppendTrace(record.Unpack(), Show::kUser, &out);
  }
  return text;
}

std::vector<GoroutineInfo> AllGoroutines() {
  std::vector<GoroutineInfo> infos;
  for (const Record& record : Collect(Depth::kStacks)) {
    GoroutineInfo info;
    info.goid = record.goid;
    info.parent_goid = record.parent_goid;
    info.name = record.name;
    info.blocked = record.status == sched::GStatus::kWaiting;
    info.blocked_for = absl::Nanoseconds(record.waited_ns);
    info.system = record.is_system;
    Trace trace = record.Unpack();
    {
      Out out(&info.stack);
      AppendTrace(trace, Show::kUser, &out);
    }
    trace.waited_ns = 0;
    Out out(&info.state);
    AppendState(trace, &out);
    infos.push_back(std::move(info));
  }
  return infos;
}

}  // namespace heddle::debug
