// Context: deadlines, cancellation and values of a piece of work, passed along
// with it.
//
//   auto [ctx, cancel] = heddle::WithTimeout(parent, absl::Seconds(1));
//   absl::Cleanup done = cancel;
//   switch (heddle::Select(heddle::RecvFrom(ctx.Done(), &nothing), …
//
// A child is cancelled with its parent, at its deadline, or by its CancelFunc,
// whichever comes first. Who made a child calls its CancelFunc once the work is
// done: until then, or its deadline, or the parent's end, parent and child keep
// each other.
//
// A Context is a handle: copies are one context. Thread-safe; from goroutines
// and from plain threads.
//
// Source: Go 1.21's package context. Differences: Err and Cause are
// absl::Statuses, OK while it is not done; values are found by their type,
// which is the key as well; a cancellation walks the tree of children step by
// step, so that the depth of the tree takes no stack.

#ifndef RUNTIME_CONTEXT_CONTEXT_H_
#define RUNTIME_CONTEXT_CONTEXT_H_

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "heddle/runtime/chan/chan.h"

namespace heddle {

class CancelFunc;

namespace context_internal {
struct State;  // what can be cancelled; null: never

// Its address stands for T, also in code that is compiled with -fno-rtti. There
// is one for each type in a program and its shared libraries, provided that the
// dynamic linker sees the type: shared libraries that are compiled with
// -fvisibility=hidden and hand values of T to each other give T the attribute
// [[gnu::visibility("default")]]. Not const: a linker may fold constants that
// are equal (lld's --ignore-data-address-equality).
template <typename T>
inline char type_key;

struct Value {
  std::shared_ptr<const Value> parent;
  const void* key;  // &type_key of its type
  std::shared_ptr<const void> value;
};
}  // namespace context_internal

class Context {
 public:
  // Never cancelled, without a deadline or values: the root of all.
  static Context Background() { return Context(); }

  // Closed when the context is cancelled; nil if it never can be. Not to be
  // closed by others.
  const Chan<std::monostate>& Done() const;

  // OK until it is cancelled; then CancelledError ("context canceled") or
  // DeadlineExceededError ("context deadline exceeded"), for good.
  absl::Status Err() const;

  // What was said to the CancelFunc that cancelled it or the ancestor by which
  // it was, else Err().
  absl::Status Cause() const;

  // When it will be cancelled at the latest.
  std::optional<absl::Time> Deadline() const;

  // The value of this type that was given last, on the way from here to the
  // root; null if there is none. Lives as long as the context does.
  template <typename T>
  const T* Value() const {
    using Key = std::remove_cv_t<T>;
    return static_cast<const T*>(FindValue(&context_internal::type_key<Key>));
  }

 private:
  friend std::pair<Context, CancelFunc> WithCancel(const Context& parent);
  friend std::pair<Context, CancelFunc> WithDeadline(const Context& parent,
                                                     absl::Time deadline);
  template <typename T>
  friend Context WithValue(const Context& parent, T value);

  Context() = default;
  const void* FindValue(const void* key) const;

  std::shared_ptr<context_internal::State> state_;
  std::shared_ptr<const context_internal::Value> values_;
};

// Cancels a context, and its children. Only the first call does anything; it
// does not wait for the work to stop. A handle, thread-safe.
class CancelFunc {
 public:
  void operator()() const { (*this)(absl::OkStatus()); }
  // The same; if `cause` is not OK it is what Cause() returns.
  // (CancelCauseFunc)
  void operator()(const absl::Status& cause) const;

 private:
  friend std::pair<Context, CancelFunc> WithCancel(const Context& parent);
  friend std::pair<Context, CancelFunc> WithDeadline(const Context& parent,
                                                     absl::Time deadline);
  explicit CancelFunc(std::shared_ptr<context_internal::State> state)
      : state_(std::move(state)) {}

  std::shared_ptr<context_internal::State> state_;
};

// A child that can be cancelled. (WithCancel, WithCancelCause)
std::pair<Context, CancelFunc> WithCancel(const Context& parent);

// A child that is cancelled at `deadline`, if the parent's is not before that.
std::pair<Context, CancelFunc> WithDeadline(const Context& parent,
                                            absl::Time deadline);

// WithDeadline of `timeout` from now.
std::pair<Context, CancelFunc> WithTimeout(const Context& parent,
                                           absl::Duration timeout);

// A child with a value. Make a type for each use: it is the key.
template <typename T>
Context WithValue(const Context& parent, T value) {
  static_assert(std::is_object_v<T> && !std::is_const_v<T>);
  Context child = parent;
  child.values_ =
      std::make_shared<const context_internal::Value>(context_internal::Value{
          parent.values_, &context_internal::type_key<std::remove_cv_t<T>>,
          std::make_shared<const T>(std::move(value))});
  return child;
}

}  // namespace heddle

#endif  // RUNTIME_CONTEXT_CONTEXT_H_
