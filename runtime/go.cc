#include "heddle/runtime/go.h"

#include <thread>  // NOLINT: std::this_thread::yield

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/cpu_count.h"
#include "heddle/runtime/sched/goexit.h"
#include "heddle/runtime/sched/locked_m.h"
#include "heddle/runtime/sched/newproc.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/stop_the_world.h"
#include "heddle/runtime/sched/syscall.h"

namespace heddle {
namespace {

sched::Sched* CurrentSched() {
  const sched::M* mp = sched::Getm();
  return mp == nullptr ? nullptr : mp->sched;
}

}  // namespace

void Yield() {
  if (sched::G* gp = sched::ParkableG(); gp != nullptr) {
    sched::GoschedOf(gp);
  } else {
    std::this_thread::yield();
  }
}

void Goexit() { sched::Goexit(); }

uint64_t GoId() {
  const sched::G* gp = sched::Getg();
  return gp == nullptr ? 0 : gp->goid;
}

uint64_t ParentGoId() {
  const sched::G* gp = sched::Getg();
  return gp == nullptr ? 0 : gp->parent_goid;
}

int NumGoroutine() {
  const sched::Sched* sched = CurrentSched();
  return sched == nullptr ? 0 : static_cast<int>(sched::GCount(sched));
}

int NumCpu() { return os::NumCpu(); }

void LockOsThread() { sched::LockOsThread(); }

void UnlockOsThread() { sched::UnlockOsThread(); }

int GoMaxProcs(int n) {
  const sched::Sched* sched = CurrentSched();
  if (sched == nullptr) {
    if (n > 0) base::Throw("heddle::GoMaxProcs called outside any runtime");
    return 0;
  }
  // Stopping the world takes a P, which a goroutine inside Blocking may lack.
  const sched::OutOfSyscall out;
  return sched::GoMaxProcs(n);
}

size_t StartingStackSize(size_t bytes) {
  sched::Sched* sched = CurrentSched();
  if (sched != nullptr) return sched::StartingStackSize(sched, bytes);
  if (bytes > 0) {
    base::Throw("heddle::StartingStackSize called outside any runtime");
  }
  return 0;
}

}  // namespace heddle
