// What the core of a channel knows of its elements' type: their size, and how
// to move and destroy one. Null where memory may be copied as it is.

#ifndef RUNTIME_CHAN_ELEM_H_
#define RUNTIME_CHAN_ELEM_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle::chan {

// Whether a T may be moved as memory, and needs no destructor.
template <typename T>
inline constexpr bool kTrivial =
    std::is_trivially_copyable_v<T>&& std::is_trivially_destructible_v<T>;

// Moves *src to dst; how is the function's affair. May throw; then dst is as it
// was.
using MoveFn = void (*)(void* dst, void* src);

struct ElemOps {
  // Bytes of a place in the buffer.
  size_t size;
  size_t align;
  // Makes a T in raw memory. Null: `size` bytes are copied.
  MoveFn construct;
  // Assigns to a T, and destroys *src. Null: as above, or T cannot be assigned.
  MoveFn assign;
  // Null: nothing to do.
  void (*destroy)(void* at);
  // Assigns T() to a T. Null: T has no such.
  void (*reset)(void* at);
};

template <typename T>
struct ElemOpsFor {
  static void Construct(void* dst, void* src) {
    ::new (dst) T(std::move(*static_cast<T*>(src)));
  }
  static void Emplace(void* dst, void* src) {
    static_cast<std::optional<T>*>(dst)->emplace(
        std::move(*static_cast<T*>(src)));
  }
  static void Assign(void* dst, void* src) {
    struct Destroyer {
      T* at;
      ~Destroyer() { at->~T(); }
    };
    const Destroyer destroyer{static_cast<T*>(src)};
    if constexpr (std::is_move_assignable_v<T>) {
      *static_cast<T*>(dst) = std::move(*destroyer.at);
    }
  }
  static void Destroy(void* at) { static_cast<T*>(at)->~T(); }
  static void Reset(void* at) {
    if constexpr (kCanReset) *static_cast<T*>(at) = T();
  }
  static constexpr bool kCanReset =
      std::is_default_constructible_v<T> && std::is_move_assignable_v<T>;

  static constexpr ElemOps kOps = {
      sizeof(T),
      alignof(T),
      kTrivial<T> ? nullptr : &Construct,
      kTrivial<T> ? nullptr : &Assign,
      kTrivial<T> ? nullptr : &Destroy,
      kCanReset ? &Reset : nullptr,
  };
};

// Copies an element of a trivial type. The usual sizes without a call.
inline void CopyElem(void* dst, const void* src, size_t size) {
  if (size == 8) {
    std::memcpy(dst, src, 8);
    return;
  }
  switch (size) {
    case 1:
      std::memcpy(dst, src, 1);
      return;
    case 4:
      std::memcpy(dst, src, 4);
      return;
    case 16:
      std::memcpy(dst, src, 16);
      return;
    default:
      std::memcpy(dst, src, size);
  }
}

}  // namespace heddle::chan

#endif  // RUNTIME_CHAN_ELEM_H_
