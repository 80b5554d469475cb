#include "heddle/runtime/sched/leak_roots.h"

#if HEDDLE_ASAN

#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/sched/all_scheds.h"
#include "heddle/runtime/sched/freeze.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {
namespace {

// The copy: LeakSanitizer comes to it by way of this pointer.
std::vector<uintptr_t>* roots = nullptr;

std::atomic<bool> process_ends{false};
std::atomic<bool> dropped{false};

// x86-64 and aarch64: what user code has at most, but for its first page.
bool MayBePointer(uintptr_t word) {
  constexpr uintptr_t kLeast = 4096;
  constexpr int kBits = 48;
  return word >= kLeast && word >> kBits == 0;
}

// A word of a stack, redzones and poisoned ones included.
HEDDLE_NO_SANITIZE_ADDRESS uintptr_t Read(uintptr_t address) {
  return *reinterpret_cast<const uintptr_t*>(address);
}

void CopyFakeFrame(void* lo, void* hi) {
  for (auto at = reinterpret_cast<uintptr_t>(lo);
       at + sizeof(uintptr_t) <= reinterpret_cast<uintptr_t>(hi);
       at += sizeof(uintptr_t)) {
    const uintptr_t word = Read(at);
    if (MayBePointer(word)) roots->push_back(word);
  }
}

// The stack from sp up to hi, and those of its frames that are on `fake_stack`.
void CopyStack(uintptr_t sp, uintptr_t hi, void* fake_stack) {
  void* last = nullptr;
  for (uintptr_t at = sp; at + sizeof(uintptr_t) <= hi;
       at += sizeof(uintptr_t)) {
    const uintptr_t word = Read(at);
    if (!MayBePointer(word)) continue;
    roots->push_back(word);
    if (fake_stack == nullptr) continue;
    void* frame = nullptr;
    void* end = nullptr;
    if (__asan_addr_is_in_fake_stack(fake_stack, reinterpret_cast<void*>(word),
                                     &frame, &end) != nullptr &&
        frame != last) {
      last = frame;
      CopyFakeFrame(frame, end);
    }
  }
}

void CopyGoroutines(const Sched* sched) {
  for (size_t i = 0; i < sched->allgs.size(); i++) {
    const G* gp = sched->allgs[i];
    const GStatus status = ReadGStatus(gp);
    if (status == GStatus::kRunning && gp != Getg()) {
      // Its thread may be on g0 meanwhile, and LeakSanitizer looks at g0 alone
      // then. Where the goroutine's frames end is not known: take all.
      CopyStack(gp->stack.lo, gp->stack.hi, gp->fiber.fake_stack);
      continue;
    }
    if (status != GStatus::kWaiting && status != GStatus::kRunnable) continue;
    // What its callable holds is in the G, which is a root.
    if (gp->marks.bare()) continue;
    CopyStack(gp->sched.sp, gp->stack.hi, gp->fiber.fake_stack);
  }
}

void CopyThreads(Sched* sched) {
  os::LockGuard guard(sched->lock);
  for (const M* mp = sched->allm; mp != nullptr; mp = mp->alllink) {
    // On g0 it is LeakSanitizer that looks at it.
    if (mp->tid.load(std::memory_order_relaxed) == 0 || mp->curg == nullptr) {
      continue;
    }
    const sanitizer::Fiber& fiber = mp->g0.fiber;
    const auto lo = reinterpret_cast<uintptr_t>(fiber.lo);
    const uintptr_t sp = mp->g0.sched.sp;
    if (sp - lo < fiber.size) CopyStack(sp, lo + fiber.size, fiber.fake_stack);
  }
}

}  // namespace

void InstallLeakRoots() {
  // LeakSanitizer's own check is the last of these: it was there first.
  [[maybe_unused]] static const int at_exit =
      std::atexit([] { process_ends.store(true, std::memory_order_relaxed); });
}

void FindLeakRoots() {
  if (dropped.load(std::memory_order_relaxed)) return;
  os::LockGuard guard(allschedlock);
  if (roots == nullptr) roots = new std::vector<uintptr_t>();
  roots->clear();
  FreezeScope frozen;
  if (process_ends.load(std::memory_order_relaxed)) frozen.StayFrozen();
  for (Sched* sched = FirstSched(); sched != nullptr;
       sched = NextSched(sched)) {
    if (frozen.sure()) CopyGoroutines(sched);
    CopyThreads(sched);
  }
}

size_t LeakRootsForTest() { return roots == nullptr ? 0 : roots->size(); }

void DropLeakRootsForTest() { dropped.store(true, std::memory_order_relaxed); }

}  // namespace heddle::sched

// NOLINTNEXTLINE(bugprone-reserved-identifier): LeakSanitizer's name
extern "C" [[gnu::weak]] int __lsan_is_turned_off() {
  heddle::sched::FindLeakRoots();
  return 0;
}

#endif  // HEDDLE_ASAN
