// Context: a function on a stack of its own, for the tests of this package.
// The smallest possible user of gobuf.h that is right under every sanitizer.

#ifndef RUNTIME_ARCH_CONTEXT_FOR_TEST_H_
#define RUNTIME_ARCH_CONTEXT_FOR_TEST_H_

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>

#include "heddle/runtime/arch/gobuf.h"
#include "heddle/runtime/sanitizer/fiber.h"
#include "heddle/runtime/sanitizer/stack_hooks.h"

namespace heddle::arch {

class Context {
 public:
  using Body = std::function<void(Context&)>;

  static constexpr size_t kStackSize = 256 << 10;

  explicit Context(Body body) : Context(std::move(body), nullptr) {
    own_stack_.reset(reinterpret_cast<char*>(lo_));
  }

  // On the kStackSize bytes at `stack`, which the caller owns.
  Context(Body body, char* stack)
      : body_(std::move(body)),
        lo_(reinterpret_cast<uintptr_t>(
            stack != nullptr ? stack : new char[kStackSize])) {
    sanitizer::FiberCreate(&fiber_, lo_, kStackSize);
    GostartCall(&buf_, lo_ + kStackSize, &Context::Entry, this,
                CurrentFpModes());
  }

  ~Context() {
    // Frames that never returned leave redzones in the shadow of the stack.
    sanitizer::AsanUnpoison(lo_, kStackSize);
    sanitizer::FiberDestroy(&fiber_);
  }

  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Runs the body on, on the calling thread, until it suspends or returns.
  void Resume() {
    Gobuf g0;
    sanitizer::Fiber g0_fiber;
    sanitizer::FiberCreate(&g0_fiber, 0, 0);
    g0_ = &g0;
    g0_fiber_ = &g0_fiber;
    const McallRequest request = SwitchIn();
    request.fn(request.arg);
  }

  // In the body: leaves it until the next Resume. `fn(arg)` then runs on the
  // resumer's stack.
  void Suspend(void (*fn)(void*), void* arg) { SwitchOut(fn, arg); }
  void Suspend() {
    SwitchOut([](void*) {}, nullptr);
  }

  bool done() const { return done_; }
  const Gobuf& buf() const { return buf_; }
  const Gobuf& g0() const { return *g0_; }
  sanitizer::Fiber* fiber() { return &fiber_; }
  sanitizer::Fiber* g0_fiber() { return g0_fiber_; }

 private:
  [[gnu::noinline]] HEDDLE_NO_SANITIZE_THREAD McallRequest SwitchIn() {
    sanitizer::Fiber* const g0_fiber = g0_fiber_;
    sanitizer::StartSwitch(g0_fiber, &fiber_, false, true);
    const McallRequest request = Gogo(g0_, &buf_);
    sanitizer::FinishSwitch(g0_fiber);
    return request;
  }

  [[gnu::noinline]] HEDDLE_NO_SANITIZE_THREAD void SwitchOut(void (*fn)(void*),
                                                             void* arg) {
    sanitizer::StartSwitch(&fiber_, g0_fiber_, false, true);
    Mcall(&buf_, g0_, fn, arg);
    sanitizer::FinishSwitch(&fiber_);
  }

  HEDDLE_NO_SANITIZE_THREAD static void Entry(void* arg) {
    auto* const self = static_cast<Context*>(arg);
    sanitizer::FinishSwitch(&self->fiber_);
    self->RunBody();
    sanitizer::StartSwitch(&self->fiber_, self->g0_fiber_, true, true);
    Mcall(&self->buf_, self->g0_, &Context::Finish, self);
    std::abort();  // nobody resumes a finished context
  }

  [[gnu::noinline]] void RunBody() { body_(*this); }

  static void Finish(void* arg) { static_cast<Context*>(arg)->done_ = true; }

  Body body_;
  const uintptr_t lo_;  // of its stack
  std::unique_ptr<char[]> own_stack_;
  Gobuf buf_;
  Gobuf* g0_ = nullptr;
  sanitizer::Fiber fiber_;
  sanitizer::Fiber* g0_fiber_ = nullptr;
  bool done_ = false;
};

}  // namespace heddle::arch

#endif  // RUNTIME_ARCH_CONTEXT_FOR_TEST_H_
