// TimerHeap: what is due when, as a heap with four children to a node.
//
//            0                  an entry: the time, and what is due then
//    1    2    3    4           children of i: 4i+1 … 4i+4
//   5-8  9-12 13-16 17-20
//
// The times lie in the heap and not behind pointers, and the four children of a
// node are one cache line, so that a step down costs one line, which is being
// fetched by then: while the smallest of four is looked for, the lines of their
// children, which lie side by side too, are on their way. With a million
// entries the lower half of the ten levels misses the caches.
//
// What is due may want to know where it is, to be taken out or moved before its
// time: Placed(what, index) is called whenever it is put somewhere.
//
// Rejected: a binary heap (twice the levels); a wheel (constant time, but a
// time of its own for each slot: sleeps would be rounded, or sorted when due);
// pointers to timers, as Go has them from 1.14 to 1.22 (a miss for each
// comparison).
//
// Not synchronised. Source: the arity is that of Go 1.21's time.go.

#ifndef RUNTIME_SCHED_TIMER_HEAP_H_
#define RUNTIME_SCHED_TIMER_HEAP_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

#include "absl/base/optimization.h"
#include "heddle/runtime/base/throw.h"

namespace heddle::sched {

template <typename Placed>
class TimerHeap {
 public:
  struct Entry {
    int64_t when;
    uintptr_t what;
  };
  static_assert(4 * sizeof(Entry) == 64);

  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;
  ~TimerHeap() { Free(); }

  uint32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const Entry& operator[](uint32_t i) const { return entries_[i]; }
  // The earliest. Not of an empty heap.
  const Entry& top() const { return entries_[0]; }

  // A fatal error if memory is short.
  void Push(Entry entry) {
    if (size_ == capacity_) Grow();
    SiftUp(size_++, entry);
  }

  // Takes the earliest out. Not of an empty heap.
  Entry Pop() {
    const Entry top = entries_[0];
    const Entry last = entries_[--size_];
    // The hole goes down to a leaf, and `last`, which mostly belongs there, a
    // little up again: a comparison less for each level.
    uint32_t hole = 0;
    for (;;) {
      PrefetchChildren(kArity * hole + 1);
      const uint32_t child = EarliestChild(hole);
      if (child == 0) break;
      Put(hole, entries_[child]);
      hole = child;
    }
    if (size_ > 0) SiftUp(hole, last);
    return top;
  }

  // Takes the entry at `i` out.
  void Remove(uint32_t i) {
    const Entry last = entries_[--size_];
    if (i != size_) Sift(i, last);
  }

  // Gives the entry at `i` another time.
  void Move(uint32_t i, int64_t when) { Sift(i, {when, entries_[i].what}); }

  // Gives the memory of an empty heap back if it is much.
  void Shrink() {
    if (size_ == 0 && capacity_ > kKeep) Free();
  }

 private:
  static constexpr uint32_t kArity = 4;
  static constexpr uint32_t kFirst = 16;
  static constexpr uint32_t kKeep = 1024;
  static constexpr std::align_val_t kAlign{64};
  // Entries before the first, so that entry 1 begins a cache line.
  static constexpr uint32_t kPad = 3;

  void Put(uint32_t i, const Entry& entry) {
    entries_[i] = entry;
    Placed()(entry.what, i);
  }

  void Sift(uint32_t i, const Entry& entry) {
    if (i > 0 && entry.when < entries_[(i - 1) / kArity].when) {
      SiftUp(i, entry);
    } else {
      SiftDown(i, entry);
    }
  }

  // Puts `entry` at the hole `i` or above.
  void SiftUp(uint32_t i, const Entry& entry) {
    while (i > 0) {
      const uint32_t parent = (i - 1) / kArity;
      if (entries_[parent].when <= entry.when) break;
      Put(i, entries_[parent]);
      i = parent;
    }
    Put(i, entry);
  }

  // Puts `entry` at the hole `i` or below.
  void SiftDown(uint32_t i, const Entry& entry) {
    for (;;) {
      const uint32_t child = EarliestChild(i);
      if (child == 0 || entry.when <= entries_[child].when) break;
      PrefetchChildren(kArity * i + 1);
      Put(i, entries_[child]);
      i = child;
    }
    Put(i, entry);
  }

  // The child of `i` that is due first; 0 if it has none.
  uint32_t EarliestChild(uint32_t i) const {
    const uint32_t first = kArity * i + 1;
    if (ABSL_PREDICT_TRUE(first + kArity <= size_)) {
      const Entry* const c = &entries_[first];
      // Two pairs and their winners: no branch.
      const uint32_t a = c[1].when < c[0].when ? 1 : 0;
      const uint32_t b = c[3].when < c[2].when ? 3 : 2;
      return first + (c[b].when < c[a].when ? b : a);
    }
    if (first >= size_) return 0;
    uint32_t best = first;
    for (uint32_t j = first + 1; j < size_; j++) {
      if (entries_[j].when < entries_[best].when) best = j;
    }
    return best;
  }

  // All children of the four from `first` on, which need not be there.
  void PrefetchChildren(uint32_t first) const {
    const uint64_t children = uint64_t{kArity} * first + 1;
    if (children + kArity * kArity > size_) return;
    for (uint32_t j = 0; j < kArity; j++) {
      __builtin_prefetch(&entries_[children + j * kArity], 1);
    }
  }

  void Grow() {
    const uint32_t capacity = capacity_ == 0 ? kFirst : 2 * capacity_;
    auto* block = static_cast<Entry*>(::operator new(
        sizeof(Entry) * (kPad + size_t{capacity}), kAlign, std::nothrow));
    if (block == nullptr) base::Throw("out of memory: no room for timers");
    Entry* entries = block + kPad;
    std::copy(entries_, entries_ + size_, entries);
    Free();
    entries_ = entries;
    capacity_ = capacity;
  }

  void Free() {
    if (entries_ != nullptr) ::operator delete(entries_ - kPad, kAlign);
    entries_ = nullptr;
    capacity_ = 0;
  }

  Entry* entries_ = nullptr;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_TIMER_HEAP_H_
