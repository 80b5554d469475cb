// Select: Go's select statement. Waits until one of its cases can run, and
// carries it out; of several that can, one by chance.
//
//   int v;
//   switch (heddle::Select(heddle::RecvFrom(ch, &v),
//                          heddle::SendTo(out, 1),
//                          heddle::Default())) {
//     case 0: …
//   }
//
// A case on a nil channel never runs. A send to a closed channel that is chosen
// throws ClosedChannel. What a receive is told on a closed channel is as in
// Chan::Recv(T*). One channel may be in several cases.
//
// Source: Go's specification, "Select statements", and 1.21's select.go.

#ifndef RUNTIME_CHAN_SELECT_H_
#define RUNTIME_CHAN_SELECT_H_

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/types/span.h"
#include "heddle/runtime/chan/chan.h"
#include "heddle/runtime/chan/select_core.h"

namespace heddle {

namespace chan {

// What the case functions below return; to be used in one call of Select, while
// the channel and what they point to live.
template <typename T>
struct RecvCase {
  Case core;
};

template <typename T>
struct SendCase {
  Hchan* c;
  T value;
};

struct DefaultCase {};

}  // namespace chan

// Receives into *v, if that is not null; *ok, if that is not null, tells
// whether it is a value, or the channel is closed and has none left.
template <typename T>
chan::RecvCase<T> RecvFrom(const Chan<T>& ch,
                           std::type_identity_t<T>* v = nullptr,
                           bool* ok = nullptr) {
  static_assert(std::is_move_assignable_v<T>);
  return {{chan::CaseKind::kRecv, ch.hchan(), v, ok}};
}

// Sends `value`.
template <typename T>
chan::SendCase<T> SendTo(const Chan<T>& ch, std::type_identity_t<T> value) {
  return {ch.hchan(), std::move(value)};
}

// Runs if no other case can.
inline chan::DefaultCase Default() { return {}; }

// Any case, for a number of them that is known at run time only; made of what
// the functions above return. Keeps its channel alive, and a send's value. May
// be used again; a send's value is moved from when the case has run. Moved, not
// copied.
class SelectCase {
 public:
  template <typename T>
  SelectCase(const chan::RecvCase<T>& from)  // NOLINT: a conversion
      : core_(from.core) {
    chan::Ref(core_.c);
  }
  template <typename T>
  SelectCase(chan::SendCase<T> from)  // NOLINT: a conversion
      : core_{chan::CaseKind::kSend, from.c, nullptr, nullptr},
        value_(new T(std::move(from.value)), &DeleteValue<T>) {
    core_.elem = value_.get();
    chan::Ref(core_.c);
  }
  SelectCase(chan::DefaultCase)  // NOLINT: a conversion
      : core_{chan::CaseKind::kDefault, nullptr, nullptr, nullptr} {}

  SelectCase(SelectCase&& other) noexcept
      : core_(other.core_), value_(std::move(other.value_)) {
    other.core_.c = nullptr;
  }
  SelectCase& operator=(SelectCase&& other) noexcept {
    std::swap(core_, other.core_);
    std::swap(value_, other.value_);
    return *this;
  }
  ~SelectCase() { chan::Unref(core_.c); }

 private:
  friend size_t Select(absl::Span<SelectCase> cases);

  template <typename T>
  static void DeleteValue(void* value) {
    delete static_cast<T*>(value);
  }

  chan::Case core_;
  // Of a send. Allocated here, and not when it is sent.
  std::unique_ptr<void, void (*)(void*)> value_{nullptr, [](void*) {}};
};

namespace chan {

template <typename T>
Case ToCase(RecvCase<T>& from) {
  return from.core;
}
template <typename T>
Case ToCase(SendCase<T>& from) {
  return {CaseKind::kSend, from.c, &from.value, nullptr};
}
inline Case ToCase(DefaultCase&) {
  return {CaseKind::kDefault, nullptr, nullptr, nullptr};
}

template <typename C>
inline constexpr bool kIsDefault =
    std::is_same_v<std::remove_cvref_t<C>, DefaultCase>;

// The number of the one that is true, or kNoDefault.
constexpr size_t DefaultAmong(std::initializer_list<bool> is_default) {
  size_t i = 0;
  for (const bool it_is : is_default) {
    if (it_is) return i;
    i++;
  }
  return kNoDefault;
}

template <typename C>
concept IsCase = requires(std::remove_cvref_t<C>& c) {
  { ToCase(c) } -> std::same_as<Case>;
};

}  // namespace chan

// Runs one of the cases and returns its number, the first being 0. With none of
// them it waits for ever.
template <chan::IsCase... Cases>
size_t Select(Cases&&... cases) {
  static_assert((0 + ... + int{chan::kIsDefault<Cases>}) <= 1,
                "a select has one Default at most");
  constexpr size_t kDefault = chan::DefaultAmong({chan::kIsDefault<Cases>...});
  const chan::Case all[] = {
      chan::ToCase(cases)...,
      {chan::CaseKind::kDefault, nullptr, nullptr, nullptr}};
  return chan::SelectCases(all, sizeof(chan::Case), sizeof...(Cases), kDefault);
}

// The same for any number of them; throws std::invalid_argument if it is above
// 65,536 or there are two Defaults.
size_t Select(absl::Span<SelectCase> cases);

}  // namespace heddle

#endif  // RUNTIME_CHAN_SELECT_H_
