// A context with a stack of its own that, whenever it is switched to, switches
// back: what a switch alone costs. No sanitizer is told of it, as it calls
// nothing.
//
// Both sides of SwitchThere run the same loop, as goroutines mostly park by the
// same chain of calls: the return out of arch::Switch is predicted then.

#ifndef BENCHMARKS_OTHER_CONTEXT_H_
#define BENCHMARKS_OTHER_CONTEXT_H_

#include <cstdint>
#include <limits>

#include "absl/base/optimization.h"
#include "heddle/runtime/arch/gobuf.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::benchmarks {

class OtherContext {
 public:
  enum class By { kSwitch, kMcall };

  explicit OtherContext(By by) {
    arch::GostartCall(&there_, reinterpret_cast<uintptr_t>(stack_ + kStack),
                      by == By::kSwitch ? Switches : Mcalls, this,
                      arch::CurrentFpModes());
  }
  OtherContext(const OtherContext&) = delete;
  OtherContext& operator=(const OtherContext&) = delete;

  // There and back, n times, by two of arch::Switch each.
  void SwitchThere(int64_t n) { TakeTurns(&here_, &there_, n); }
  // There and back, by arch::Gogo and arch::Mcall.
  void GogoThere() { arch::Gogo(&here_, &there_); }

 private:
  static constexpr int kStack = 16 << 10;

  [[gnu::noinline]] HEDDLE_NO_SANITIZE_THREAD static void TakeTurns(
      arch::Gobuf* self, const arch::Gobuf* other, int64_t n) {
    for (; n > 0; n--) arch::Switch(self, other);
  }

  HEDDLE_NO_SANITIZE_THREAD static void Switches(void* self) {
    auto* const c = static_cast<OtherContext*>(self);
    TakeTurns(&c->there_, &c->here_, std::numeric_limits<int64_t>::max());
  }
  [[noreturn]] HEDDLE_NO_SANITIZE_THREAD static void Mcalls(void* self) {
    auto* const c = static_cast<OtherContext*>(self);
    for (;;) arch::Mcall(&c->there_, &c->here_, nullptr, nullptr);
  }

  arch::Gobuf here_;
  arch::Gobuf there_;
  alignas(ABSL_CACHELINE_SIZE) char stack_[kStack];
};

}  // namespace heddle::benchmarks

#endif  // BENCHMARKS_OTHER_CONTEXT_H_
