// Chan<T>: Go's channel, and its handle: cheap to copy, all copies are one
// channel, and the last one frees it with the values that are in it.
//
//   heddle::Chan<std::string> lines(16);
//   heddle::Go([lines] { lines.Send("hello"); lines.Close(); });
//   for (std::string line : lines) …
//
// Every operation may be called from any goroutine and from any plain thread,
// which then blocks. T is movable; its move constructor is called under the
// channel's lock and must neither block nor use a channel. If it throws, so
// does the operation, and the channel is as it was.
//
// What happens before a send happens before the return of its receive; see
// hchan.h, and docs/channels.md.
//
// Source: Go's specification, "Channel types", and 1.21's chan.go.

#ifndef RUNTIME_CHAN_CHAN_H_
#define RUNTIME_CHAN_CHAN_H_

#include <cstddef>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include "heddle/runtime/chan/closed_channel.h"  // IWYU pragma: export
#include "heddle/runtime/chan/hchan.h"

namespace heddle {

template <typename T>
class Chan {
  static_assert(std::is_object_v<T> && !std::is_const_v<T>,
                "a channel's values are objects, which can be moved");
  static_assert(std::is_move_constructible_v<T>);

 public:
  class Iterator;

  // A channel of its own, with places for `capacity` values. Throws
  // std::invalid_argument ("makechan: size out of range") for 2^32 or more, or
  // more than the address space has room for, and std::bad_alloc.
  Chan() : Chan(0) {}
  explicit Chan(size_t capacity)
      : c_(chan::New(&chan::ElemOpsFor<T>::kOps, capacity)) {}

  // No channel: sends and receives block for ever, Close throws.
  static Chan Nil() { return Chan(NilTag()); }

  Chan(const Chan& other) noexcept : c_(other.c_) { chan::Ref(c_); }
  // `other` is nil afterwards.
  Chan(Chan&& other) noexcept : c_(std::exchange(other.c_, nullptr)) {}
  Chan& operator=(Chan other) noexcept {
    std::swap(c_, other.c_);
    return *this;
  }
  ~Chan() { chan::Unref(c_); }

  // Waits until v is received, or in the buffer. Throws ClosedChannel if the
  // channel is closed, or is while it waits.
  void Send(T v) const {
    if (c_ == nullptr || !chan::SendToBuffer(c_, &v)) {
      chan::Send(c_, &v);
    }
  }

  // Sends v if that need not wait; false if it would have to, and v is as it
  // was. Throws ClosedChannel.
  bool TrySend(T&& v) const {
    return c_ != nullptr &&
           (chan::SendToBuffer(c_, &v) || chan::TrySend(c_, &v));
  }
  bool TrySend(const T& v) const requires std::is_copy_constructible_v<T> {
    T copy(v);
    return TrySend(std::move(copy));
  }

  // Waits for a value. Empty if the channel is closed and has none left.
  std::optional<T> Recv() const { return RecvOptional(&chan::Recv); }

  // Receives a value if there is one. Empty if there is none, or the channel is
  // closed and has none left.
  std::optional<T> TryRecv() const { return RecvOptional(&chan::TryRecv); }

  // Waits for a value, and assigns it to *out. False if the channel is closed
  // and has none left; *out is T() then, if there is such, as Go has it.
  bool Recv(T* out) const {
    static_assert(std::is_move_assignable_v<T>);
    if constexpr (chan::kTrivial<T>) {
      if (c_ != nullptr &&
          chan::RecvFromBuffer<T>(c_, [out](T* v) { *out = *v; })) {
        return true;
      }
      if (chan::Recv(c_, {out, nullptr}) == chan::Received::kValue) {
        return true;
      }
    } else {
      // The assignment destroys what *out was: not under the lock.
      if (std::optional<T> v = Recv(); v.has_value()) {
        *out = *std::move(v);
        return true;
      }
    }
    if constexpr (chan::ElemOpsFor<T>::kCanReset) *out = T();
    return false;
  }

  // No value can be sent any more; those in the buffer can be received. Wakes
  // all that wait: receivers find it closed, senders throw. Throws
  // ClosedChannel if it is closed already ("close of closed channel") or nil
  // ("close of nil channel").
  void Close() const { chan::Close(c_); }

  // Whether Close was called.
  bool closed() const {
    // Acquire: pairs with the release in Close.
    if (c_ == nullptr || !c_->closed.load(std::memory_order_acquire)) {
      return false;
    }
    sched::RaceAcquire(&c_->closed);
    return true;
  }

  // Values in the buffer, at some moment; its places. 0 if nil.
  size_t len() const {
    return c_ == nullptr ? 0 : c_->count.load(std::memory_order_relaxed);
  }
  size_t cap() const { return c_ == nullptr ? 0 : c_->cap; }

  // for (T v : ch): receives until the channel is closed and has none left.
  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

  // Whether they are one channel.
  friend bool operator==(const Chan& a, const Chan& b) { return a.c_ == b.c_; }

  // For Select.
  chan::Hchan* hchan() const { return c_; }

 private:
  struct NilTag {};
  explicit Chan(NilTag) : c_(nullptr) {}

  // `recv` is chan::Recv or TryRecv.
  using RecvFn = chan::Received (*)(chan::Hchan*, chan::Target);
  std::optional<T> RecvOptional(RecvFn recv) const {
    std::optional<T> v;
    if (c_ == nullptr || !chan::RecvFromBuffer<T>(
                             c_, [&v](T* at) { v.emplace(std::move(*at)); })) {
      recv(c_, {&v, &chan::ElemOpsFor<T>::Emplace});
    }
    return v;
  }
  // Each optional is made as it is returned: one that is filled in by and by is
  // read back before its bytes have come together, which takes 4 ns.
  std::optional<T> RecvOptional(RecvFn recv) const requires chan::kTrivial<T> {
    alignas(T) std::byte raw[sizeof(T)];
    if ((c_ != nullptr &&
         chan::RecvFromBuffer<T>(c_, [&raw](T* at) { ::new (raw) T(*at); })) ||
        recv(c_, {raw, nullptr}) == chan::Received::kValue) {
      return std::optional<T>(*std::launder(reinterpret_cast<T*>(raw)));
    }
    return std::nullopt;
  }

  chan::Hchan* c_;
};

// Receives; at the end when the channel is closed and has no value left.
template <typename T>
class Chan<T>::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = T;
  using difference_type = std::ptrdiff_t;
  using pointer = T*;
  using reference = T&&;

  explicit Iterator(Chan ch) : ch_(std::move(ch)), v_(ch_.Recv()) {}

  // The value, to be moved from.
  T&& operator*() { return *std::move(v_); }
  Iterator& operator++() {
    v_ = ch_.Recv();
    return *this;
  }
  void operator++(int) { ++*this; }
  bool operator==(std::default_sentinel_t) const { return !v_.has_value(); }

 private:
  Chan ch_;
  std::optional<T> v_;
};

}  // namespace heddle

#endif  // RUNTIME_CHAN_CHAN_H_
