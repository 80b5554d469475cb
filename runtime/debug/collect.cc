#include "heddle/runtime/debug/collect.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "heddle/runtime/debug/thread_stack.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/newosproc.h"
#include "heddle/runtime/sched/all_scheds.h"
#include "heddle/runtime/sched/freeze.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::debug {
namespace {

using sched::G;
using sched::M;
using sched::Sched;

// The threads of sched's that may run a goroutine, but the caller's.
std::vector<pid_t> BusyThreads(Sched* sched) {
  const pid_t self = os::GetTid();
  std::vector<pid_t> tids(16);
  for (;;) {
    size_t n = 0;
    {
      os::LockGuard guard(sched->lock);
      for (const M* mp = sched->allm; mp != nullptr; mp = mp->alllink) {
        const pid_t tid = mp->tid.load(std::memory_order_relaxed);
        if (tid == 0 || tid == self ||
            mp->idle.load(std::memory_order_relaxed)) {
          continue;
        }
        if (n < tids.size()) tids[n] = tid;
        n++;
      }
    }
    // Nothing allocates under the lock.
    const bool all = n <= tids.size();
    tids.resize(n);
    if (all) return tids;
  }
}

std::vector<ThreadStack> AskThreads(Sched* sched) {
  std::vector<ThreadStack> answers;
  const auto answer = std::make_unique<ThreadStack>();
  int silent = 0;
  for (const pid_t tid : BusyThreads(sched)) {
    if (!AskThread(tid, answer.get())) {
      if (++silent == kMaxSilent) break;
    } else if (answer->gp != nullptr) {
      answers.push_back(*answer);
    }
  }
  return answers;
}

bool AnyOtherRuns(const Sched* sched, const G* self) {
  for (size_t i = 0; i < sched->allgs.size(); i++) {
    const G* gp = sched->allgs[i];
    if (gp != self && Runs(sched::ReadGStatus(gp))) return true;
  }
  return false;
}

Record Pack(const Trace& trace, int runtime) {
  Record r = {.runtime = runtime,
              .gp = trace.gp,
              .goid = trace.goid,
              .parent_goid = trace.parent_goid,
              .gopc = trace.gopc,
              .startpc = trace.startpc,
              .status = trace.status,
              .reason = trace.reason,
              .waited_ns = trace.waited_ns,
              .is_system = trace.is_system,
              .locked = trace.locked,
              .have_stack = trace.have_stack,
              .ancestors = trace.ancestors == nullptr
                               ? nullptr
                               : trace.gp->extra->ancestors,
              .name = trace.name,
              .pcs = std::vector<uintptr_t>(trace.frames.size()),
              .elided = trace.frames.elided()};
  for (int i = 0; i < trace.frames.size(); i++) r.pcs[i] = trace.frames[i];
  return r;
}

struct Collector {
  const Depth depth;
  const G* const self;
  const Frames* const self_frames;
  bool sure = false;  // Freeze's word
  const int64_t now;
  std::vector<Record> records = {};

  void FindStack(const std::vector<ThreadStack>& answers, Trace* trace) {
    if (trace->gp == self) {
      trace->frames = *self_frames;
      trace->have_stack = true;
    } else if (Runs(trace->status)) {
      for (const ThreadStack& answer : answers) {
        if (answer.gp != trace->gp) continue;
        trace->frames = answer.frames;
        trace->have_stack = answer.frames.size() > 0;
      }
    } else if (sure) {
      UnwindParked(trace->gp, &trace->frames);
      trace->have_stack = true;
    }
  }

  void Add(Sched* sched, int runtime) {
    std::vector<ThreadStack> answers;
    if (depth == Depth::kStacks && AnyOtherRuns(sched, self)) {
      answers = AskThreads(sched);
    }
    const size_t first = records.size();
    const size_t n = sched->allgs.size();
    for (size_t i = 0; i < n; i++) {
      const G* gp = sched->allgs[i];
      if (!Lives(sched::ReadGStatus(gp))) continue;
      Trace trace;
      Describe(gp, now, &trace);
      if (!Lives(trace.status)) continue;
      if (trace.is_system && gp != self && !ShowSystem()) continue;
      if (depth == Depth::kStacks) FindStack(answers, &trace);
      records.push_back(Pack(trace, runtime));
    }
    std::sort(records.begin() + static_cast<ptrdiff_t>(first), records.end(),
              [this](const Record& a, const Record& b) {
                if ((a.gp == self) != (b.gp == self)) return a.gp == self;
                return a.goid < b.goid;
              });
  }
};

}  // namespace

Trace Record::Unpack() const {
  Trace t;
  t.gp = gp;
  t.goid = goid;
  t.parent_goid = parent_goid;
  t.gopc = gopc;
  t.startpc = startpc;
  t.status = status;
  t.reason = reason;
  t.waited_ns = waited_ns;
  t.is_system = is_system;
  t.locked = locked;
  t.have_stack = have_stack;
  t.ancestors = ancestors.get();
  std::strncpy(t.name, name.c_str(), sizeof t.name - 1);
  t.frames = Frames(pcs.data(), static_cast<int>(pcs.size()), elided);
  return t;
}

bool ShowSystem() {
  static const bool show = [] {
    const char* level = std::getenv("HEDDLE_TRACEBACK");
    return level != nullptr && std::strcmp(level, "system") == 0;
  }();
  return show;
}

std::vector<Record> Collect(Depth depth) {
  Frames self_frames;
  if (depth == Depth::kStacks) UnwindSelf(0, &self_frames);
  // Its answers are kept in memory that may not be had: see FreezeScope.
  const sched::InRuntime in;
  const M* mp = sched::Getm();
  Collector collector = {.depth = depth,
                         .self = sched::Curg(),
                         .self_frames = &self_frames,
                         .now = os::Nanotime()};
  {
    os::LockGuard guard(sched::allschedlock);
    const sched::FreezeScope frozen;
    collector.sure = frozen.sure();
    int runtime = 0;
    for (Sched* sched = sched::FirstSched(); sched != nullptr;
         sched = sched::NextSched(sched)) {
      runtime++;
      if (mp == nullptr || mp->sched == sched) collector.Add(sched, runtime);
    }
  }
  return std::move(collector).records;
}

}  // namespace heddle::debug
