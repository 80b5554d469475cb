// Relaxed: a variable of one thread's (or of whoever owns the object that it is
// in) that any other may look at, as a guess. All accesses are atomic and
// relaxed, so it orders nothing, and costs what a plain variable costs.
//
// It reads and is assigned like the variable it stands for. It does not count:
// there is no +=, which would look like one step and be two.

#ifndef RUNTIME_BASE_RELAXED_H_
#define RUNTIME_BASE_RELAXED_H_

#include <atomic>

namespace heddle::base {

template <typename T>
class Relaxed {
 public:
  constexpr Relaxed() : value_() {}
  constexpr explicit Relaxed(T value) : value_(value) {}
  Relaxed(const Relaxed&) = delete;
  Relaxed& operator=(const Relaxed&) = delete;

  Relaxed& operator=(T value) {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  T get() const { return value_.load(std::memory_order_relaxed); }
  // NOLINTNEXTLINE(google-explicit-constructor): stands for a T
  operator T() const { return get(); }
  // Of a pointer.
  T operator->() const { return get(); }

 private:
  static_assert(std::atomic<T>::is_always_lock_free,
                "Relaxed costs what a plain variable costs");
  std::atomic<T> value_;
};

}  // namespace heddle::base

#endif  // RUNTIME_BASE_RELAXED_H_
