// Each thread has a table of the locks that its goroutine took and has not
// released. It belongs to the goroutine that runs: when that leaves the thread,
// what is in the table is reported and forgotten, so the next one starts with
// an empty table. Locks that no goroutine takes (plain threads, g0) are not in
// it, nor those that a goroutine of an outer runtime holds around Run: each
// entry says whose it is.

#include "heddle/runtime/debug/held_locks.h"

#include <libunwind.h>

#include <atomic>
#include <cstddef>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/debug/frames.h"
#include "heddle/runtime/debug/trace.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/leave_hook.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/switch.h"

namespace heddle::debug {
namespace {

constexpr int kFrames = 12;  // of who took a lock
constexpr int kLocks = 16;   // held at once; of more, nothing is known

struct Held {
  const void* lock;
  const char* what;
  const sched::G* gp;
  uintptr_t pcs[kFrames];  // ends with 0 if there are fewer
};

struct Table {
  int count;
  Held held[kLocks];
};

// Plain data: it is there before the first constructor and after the last
// destructor of a thread. Its address is not kept over a switch: the functions
// here do not switch, and are called through pointers or from C.
[[gnu::tls_model("initial-exec")]] thread_local Table table;

std::atomic<HeldLockHandler> handler{nullptr};
std::atomic<bool> started{false};

// ---- Reports ----

std::string LeavingText(const sched::G* gp, sched::Leaving how) {
  switch (how) {
    case sched::Leaving::kParks: {
      const char* reason =
          sched::WaitReasonText(gp->waitreason.load(std::memory_order_relaxed));
      return *reason == '\0' ? "parks" : absl::StrFormat("parks [%s]", reason);
    }
    case sched::Leaving::kYields:
      return "yields";
    case sched::Leaving::kWaitsForP:
      return "waits for a P";
    case sched::Leaving::kEnds:
      return "ends";
  }
  return "leaves its thread";
}

// Whether this is the first report of two such stacks; also false when there
// have been too many different ones. (FNV-1a)
bool FirstTime(const Frames& leaves, const Frames& took) {
  uint64_t hash = 14695981039346656037u;
  for (const Frames* frames : {&leaves, &took}) {
    for (int i = 0; i < frames->size(); i++) {
      hash = (hash ^ (*frames)[i]) * 1099511628211u;
    }
  }
  static std::atomic<uint64_t> seen[256];
  for (std::atomic<uint64_t>& slot : seen) {
    uint64_t old = 0;
    if (slot.compare_exchange_strong(old, hash, std::memory_order_relaxed)) {
      return true;
    }
    if (old == hash) return false;
  }
  return false;
}

Frames Took(const Held& held) {
  int n = 0;
  while (n < kFrames && held.pcs[n] != 0) n++;
  return {held.pcs, n, /*elided=*/0};
}

std::string Text(const Trace& trace, absl::string_view leaves, const Held& held,
                 const Frames& took) {
  std::string text;
  Out out(&text);
  out.Format(
      "heddle: goroutine %d %s while its thread holds a %s\n\n"
      "goroutine %d %s at:\n",
      trace.goid, leaves, held.what, trace.goid, leaves);
  AppendFrames(&trace, trace.frames, Show::kUser, &out);
  out.Format("the %s %p was taken at:\n", held.what, held.lock);
  AppendFrames(&trace, took, Show::kUser, &out);
  out.Append(
      "Release it before, or use heddle::Mutex, which a goroutine may hold "
      "when it parks (docs/held_locks.md).\n\n");
  return text;
}

// On g0, whose stack has room for it.
void Report(const sched::G* gp, sched::Leaving how, unw_context_t* context) {
  Trace trace;
  Describe(gp, os::Nanotime(), &trace);
  UnwindContext(context, &trace.frames);
  for (int i = 0; i < table.count; i++) {
    const Held& held = table.held[i];
    if (held.gp != gp) continue;
    const Frames took = Took(held);
    if (!FirstTime(trace.frames, took)) continue;
    HeldLockReport report;
    report.goid = gp->goid;
    report.lock = held.lock;
    report.text = Text(trace, LeavingText(gp, how), held, took);
    // acquire: pairs with the exchange in SetHeldLockHandler.
    const HeldLockHandler handle = handler.load(std::memory_order_acquire);
    if (handle != nullptr) {
      handle(report);
    } else {
      base::WriteErr(report.text);
    }
  }
}

// Takes gp's entries out of the table.
void Forget(const sched::G* gp) {
  int left = 0;
  for (int i = 0; i < table.count; i++) {
    if (table.held[i].gp != gp) table.held[left++] = table.held[i];
  }
  table.count = left;
}

[[gnu::noinline]] void LeavesWithLocks(sched::G* gp, sched::Leaving how) {
  // It is as good as a thread, and keeps its own.
  if (gp->marks.locked() && how != sched::Leaving::kEnds) return;
  if (gp->home->options.check_held_locks) {
    unw_context_t context;
    unw_getcontext(&context);
    sched::SystemStack([&] { Report(gp, how, &context); });
  }
  Forget(gp);
}

void OnLeave(sched::G* gp, sched::Leaving how) {
  if (table.count == 0) return;
  LeavesWithLocks(gp, how);
}

}  // namespace

HeldLockHandler SetHeldLockHandler(HeldLockHandler new_handler) {
  // release: pairs with the load in Report.
  return handler.exchange(new_handler, std::memory_order_acq_rel);
}

void HeldLockIsFatal(const HeldLockReport& report) {
  base::WriteErr(report.text);
  base::FatalText("goroutine leaves its thread with a lock held");
}

bool HeldLocksChecked() { return started.load(std::memory_order_relaxed); }

namespace held_locks_internal {

void Locked(const void* lock, const char* what, void* frame, void* pc) {
  const sched::G* gp = sched::Curg();
  if (gp == nullptr || table.count == kLocks) return;
  Held& held = table.held[table.count];
  held = {lock, what, gp, {reinterpret_cast<uintptr_t>(pc)}};
  // By frame pointers, as each lock pays for it. Debug builds have them; a
  // caller without breaks the chain, or leads astray within the stack.
  const stack::Stack stack = gp->stack;
  auto fp = reinterpret_cast<uintptr_t>(frame);
  for (int n = 0; n < kFrames; n++) {
    if (fp < stack.lo || fp > stack.hi - 2 * sizeof(uintptr_t) ||
        fp % sizeof(uintptr_t) != 0) {
      break;
    }
    const auto* words = reinterpret_cast<const uintptr_t*>(fp);
    if (words[1] == 0) break;
    held.pcs[n] = words[1];
    if (words[0] <= fp) break;
    fp = words[0];
  }
  // Last: a signal handler that takes a lock finds the table whole.
  table.count++;
}

void Unlocked(const void* lock) {
  for (int i = table.count - 1; i >= 0; i--) {
    if (table.held[i].lock != lock) continue;
    for (int j = i + 1; j < table.count; j++) table.held[j - 1] = table.held[j];
    table.count--;
    return;
  }
}

void Start() {
  started.store(true, std::memory_order_relaxed);
  sched::leave_hook.store(OnLeave, std::memory_order_relaxed);
}

void NoNext(const char* name) {
  base::PrintErr(
      "heddle: no %s behind the one that finds held locks: build with "
      "--//runtime/debug:held_locks=//runtime/debug:held_locks_off\n",
      name);
  base::Throw("held locks: no such function");
}

}  // namespace held_locks_internal

}  // namespace heddle::debug
