#include "heddle/runtime/sched/hooks.h"

#include <atomic>
#include <cstddef>

#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {
namespace {

constinit std::atomic<CaptureStackHook> capture_stack{nullptr};

constexpr size_t kReasons = static_cast<size_t>(WaitReason::kSelectNoCases) + 1;
constinit std::atomic<UnlinkHook> unlink_hooks[kReasons] = {};

std::atomic<UnlinkHook>& UnlinkHookOf(WaitReason reason) {
  return unlink_hooks[static_cast<size_t>(reason)];
}

// Whether gp waits, or was readied and has not gone on since.
bool MayBeLinked(const G* gp) {
  const GStatus status = ReadGStatus(gp);
  return (status == GStatus::kWaiting || status == GStatus::kRunnable) &&
         gp->started && gp->waits_at != nullptr;
}

}  // namespace

void SetCaptureStackHook(CaptureStackHook hook) {
  capture_stack.store(hook, std::memory_order_relaxed);
}

[[gnu::noinline]] int CaptureStack(uintptr_t* pcs, int max, int skip) {
  const CaptureStackHook hook = capture_stack.load(std::memory_order_relaxed);
  if (hook == nullptr) return 0;
  const int n = hook(pcs, max, skip + 1);  // this frame
  asm volatile("");                        // no tail call
  return n;
}

void SetUnlinkHook(WaitReason reason, UnlinkHook hook) {
  UnlinkHookOf(reason).store(hook, std::memory_order_relaxed);
}

void UnlinkWaiters(Sched* sched) {
  const RaceScope not_looked_at;
  sched->allgs.ForEachUsed([](G* gp) {
    if (!MayBeLinked(gp)) return;
    const UnlinkHook hook =
        UnlinkHookOf(gp->waitreason.load(std::memory_order_relaxed))
            .load(std::memory_order_relaxed);
    if (hook == nullptr || hook(gp, gp->waits_at)) return;
    // It needs nothing of this runtime's for that but its lock.
    while (ReadGStatus(gp) == GStatus::kWaiting) os::OsYield();
    hook(gp, gp->waits_at);
  });
}

}  // namespace heddle::sched
