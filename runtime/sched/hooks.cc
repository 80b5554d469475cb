#include "heddle/runtime/sched/hooks.h"

#include <atomic>

namespace heddle::sched {
namespace {

constinit std::atomic<CaptureStackHook> capture_stack{nullptr};

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

}  // namespace heddle::sched
