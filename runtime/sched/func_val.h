// What a go statement starts: any callable, moved to the new goroutine, so that
// a go statement allocates nothing. While it runs it lies on that's own stack:
//
//   hi ┌──────────────┐
//      │ the callable │ ◀ fn_arg
//      ├──────────────┤
//      │ entry frame  │ ◀ sp at the start
//
// One that is small, and whose move cannot fail, waits in the G until it is
// started: there is mostly no stack yet (first_run.h). It then moves into its
// caller's frame.
//
// Source: Go's funcval; the captured variables lie on the stack as the
// arguments of a go statement did until Go 1.16.

#ifndef RUNTIME_SCHED_FUNC_VAL_H_
#define RUNTIME_SCHED_FUNC_VAL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "heddle/runtime/base/cxx20.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::sched {

// The place for a callable in a G. Five captured words; four with
// AddressSanitizer, which then finds more uses of a dead goroutine's stack: one
// that begins with its turn takes the stack of one that has just ended.
inline constexpr size_t kCallableSize = sanitizer::kAsan ? 32 : 40;
inline constexpr size_t kCallableAlign = 8;

// The operations of one type of callable; static storage.
struct FuncOps {
  size_t size;
  size_t align;
  // Runs the callable at `at`, and destroys it even if it throws.
  void (*run)(void* at);
  // The same, but moves it to the calling stack first. Null: it is too large to
  // wait in a G, or its move may throw.
  void (*run_moved)(void* at);
  // Destroys the callable at `at`, which was never run.
  void (*destroy)(void* at);
};

// A callable that is still with the caller. `ops` null: a nil function.
struct FuncVal {
  const FuncOps* ops = nullptr;
  // Builds the callable at `at` from *from, on the caller's stack; may throw.
  void (*construct)(void* at, void* from) = nullptr;
  void* from = nullptr;
  // Address of code that names the callable in a traceback.
  uintptr_t pc = 0;
  // To build it runs no code of the user's: it neither throws nor parks.
  bool trivial = false;
  // To build it does not throw, and it can wait in a G.
  bool plain = false;
};

namespace func_val_internal {

template <typename Fn>
void Run(void* at) {
  struct Destroy {
    Fn* fn;
    ~Destroy() { std::destroy_at(fn); }
  } destroy{static_cast<Fn*>(at)};
  std::move (*destroy.fn)();
}

template <typename Fn>
void RunMoved(void* at) {
  Fn* const waiting = static_cast<Fn*>(at);
  Fn fn(std::move(*waiting));
  std::destroy_at(waiting);
  std::move(fn)();
}

template <typename Fn>
constexpr bool WaitsInG() {
  return sizeof(Fn) <= kCallableSize && alignof(Fn) <= kCallableAlign &&
         std::is_nothrow_move_constructible_v<Fn>;
}

template <typename Fn>
constexpr auto RunMovedOrNull() -> void (*)(void*) {
  if constexpr (WaitsInG<Fn>()) {
    return &RunMoved<Fn>;
  } else {
    return nullptr;
  }
}

template <typename Fn>
void Destroy(void* at) {
  std::destroy_at(static_cast<Fn*>(at));
}

template <typename Fn, typename F>
void Construct(void* at, void* from) {
  ::new (at)
      Fn(std::forward<F>(*static_cast<std::remove_reference_t<F>*>(from)));
}

template <typename Fn>
inline constexpr FuncOps kOps = {sizeof(Fn), alignof(Fn), &Run<Fn>,
                                 RunMovedOrNull<Fn>(), &Destroy<Fn>};

// Whether an Fn can be nil: pointers, and classes that are made from nullptr,
// compare with it and convert to bool, as std::function and AnyInvocable do.
// Each alone says too little: a lambda that captures nothing compares and
// converts as the function pointer that it converts to, never null; a class
// made from some pointer, or a std::bind, is made from nullptr as well.
template <typename Fn>
concept Nilable = std::is_constructible_v<Fn, std::nullptr_t> &&
    std::is_constructible_v<bool, const Fn&> && requires(const Fn& fn) {
  static_cast<bool>(fn == nullptr);
};

// A null function pointer, an empty std::function, an empty AnyInvocable.
template <typename Fn>
bool IsNil(const Fn& fn) {
  if constexpr (Nilable<Fn>) {
    return fn == nullptr;
  } else {
    return false;
  }
}

}  // namespace func_val_internal

// Describes `f`, which must outlive the result.
template <typename F>
FuncVal MakeFuncVal(F&& f) {
  namespace internal = func_val_internal;
  using Fn = std::decay_t<F>;
  static_assert(std::is_invocable_v<Fn>,
                "go takes something that can be called without arguments");
  FuncVal fv;
  if constexpr (!std::is_function_v<std::remove_reference_t<F>>) {
    if (internal::IsNil(f)) return fv;
    fv.construct = &internal::Construct<Fn, F>;
    fv.trivial = std::is_trivially_constructible_v<Fn, F&&>;
    fv.from = const_cast<void*>(static_cast<const void*>(std::addressof(f)));
  } else {
    fv.trivial = true;
    fv.construct = [](void* at, void* from) {
      ::new (at) Fn(reinterpret_cast<Fn>(from));
    };
    fv.from = reinterpret_cast<void*>(&f);
  }
  fv.ops = &internal::kOps<Fn>;
  fv.plain =
      internal::WaitsInG<Fn>() && std::is_nothrow_constructible_v<Fn, F&&>;
  if constexpr (std::is_pointer_v<Fn>) {
    fv.pc = reinterpret_cast<uintptr_t>(static_cast<Fn>(f));
  } else {
    fv.pc = reinterpret_cast<uintptr_t>(&internal::Run<Fn>);
  }
  return fv;
}

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_FUNC_VAL_H_
