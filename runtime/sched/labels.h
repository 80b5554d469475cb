// Labels: names and values that a goroutine carries, and that profiles and
// reports can tell goroutines apart by. Those of the goroutine that starts
// another are the other's, too.
//
// A value that cannot be changed: its copies share one block, counted, so that
// to inherit them costs a pointer and, if there are any, a count.
//
// Source: Go 1.21's runtime/pprof/label.go (LabelSet, WithLabels) and
// newproc1, which leaves system goroutines without.

#ifndef RUNTIME_SCHED_LABELS_H_
#define RUNTIME_SCHED_LABELS_H_

#include <atomic>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "heddle/runtime/base/cxx20.h"

namespace heddle::sched {

class Labels {
 public:
  // A name and its value.
  using Label = std::pair<std::string, std::string>;
  using value_type = Label;
  using const_iterator = const Label*;

  // None.
  Labels() = default;
  // {{"name", "value"}, …}: copied. Of a name given twice the last counts.
  Labels(std::initializer_list<std::pair<std::string_view, std::string_view>>
             labels);

  Labels(const Labels& other) : set_(Ref(other.set_)) {}
  Labels(Labels&& other) noexcept : set_(std::exchange(other.set_, nullptr)) {}
  Labels& operator=(Labels other) noexcept {
    std::swap(set_, other.set_);
    return *this;
  }
  ~Labels() { Unref(set_); }

  // These and `more`, which come first where both have a name.
  Labels With(const Labels& more) const;

  // The value of `name`. It lives as long as these labels.
  std::optional<std::string_view> Find(std::string_view name) const;

  bool empty() const { return set_ == nullptr; }
  size_t size() const { return set_ == nullptr ? 0 : set_->labels.size(); }
  // In the order of their names.
  const_iterator begin() const {
    return set_ == nullptr ? nullptr : set_->labels.data();
  }
  const_iterator end() const { return begin() + size(); }

  friend bool operator==(const Labels& a, const Labels& b);

 private:
  struct Set {
    std::atomic<size_t> refs{1};
    std::vector<Label> labels;  // sorted, names unique, not empty. Immutable.
  };

  explicit Labels(std::vector<Label> labels);

  static Set* Ref(Set* set) {
    if (set != nullptr) set->refs.fetch_add(1, std::memory_order_relaxed);
    return set;
  }
  static void Unref(Set* set) {
    // Release, and acquire by the last: who frees the set comes after all that
    // have read it.
    if (set != nullptr &&
        set->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      delete set;
    }
  }

  Set* set_ = nullptr;  // null: none
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_LABELS_H_
