// BitPool: a set of small numbers, from which the least or the greatest is
// taken in a few steps, however many there are. For what is free: taking the
// least first keeps what is in use together, and what is next to each other is
// taken one after the other.
//
// Two levels: a bit for each number, and a bit for each word that has any.
// Not synchronised.

#ifndef RUNTIME_BASE_BIT_POOL_H_
#define RUNTIME_BASE_BIT_POOL_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "heddle/runtime/base/throw.h"

namespace heddle::base {

class BitPool {
 public:
  static constexpr size_t kWordBits = 64;

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

  // Makes room for the numbers below n, so that Add allocates nothing.
  void Reserve(size_t n) {
    const size_t words = (n + kWordBits - 1) / kWordBits;
    if (words <= words_.size()) return;
    words_.resize(std::bit_ceil(words));
    any_.resize((words_.size() + kWordBits - 1) / kWordBits);
  }

  bool Has(size_t i) const {
    const size_t w = i / kWordBits;
    return w < words_.size() && (words_[w] & Bit(i)) != 0;
  }

  // The bits of the numbers from 64 * w on.
  uint64_t Word(size_t w) const { return w < words_.size() ? words_[w] : 0; }

  // i is below what was reserved, and is not in it.
  void Add(size_t i) {
    HEDDLE_DCHECK(!Has(i));
    const size_t w = i / kWordBits;
    words_[w] |= Bit(i);
    any_[w / kWordBits] |= Bit(w);
    first_ = std::min(first_, w / kWordBits);
    size_++;
  }

  // i is in it.
  void Remove(size_t i) {
    HEDDLE_DCHECK(Has(i));
    const size_t w = i / kWordBits;
    words_[w] &= ~Bit(i);
    if (words_[w] == 0) any_[w / kWordBits] &= ~Bit(w);
    size_--;
  }

  // The least number. Not when empty.
  size_t First() {
    while (any_[first_] == 0) first_++;
    const size_t w = first_ * kWordBits +
                     static_cast<size_t>(std::countr_zero(any_[first_]));
    return w * kWordBits + static_cast<size_t>(std::countr_zero(words_[w]));
  }

  // Takes the n least numbers out, in ascending order, to `out`; all of them if
  // there are fewer. Returns how many.
  size_t TakeFirst(size_t n, size_t* out) {
    n = std::min(n, size_);
    for (size_t taken = 0; taken < n;) {
      const size_t w = First() / kWordBits;
      uint64_t word = words_[w];
      for (; word != 0 && taken < n; word &= word - 1) {
        out[taken++] =
            w * kWordBits + static_cast<size_t>(std::countr_zero(word));
      }
      words_[w] = word;
      if (word == 0) any_[w / kWordBits] &= ~Bit(w);
    }
    size_ -= n;
    return n;
  }

  // The greatest number. Not when empty.
  size_t Last() const {
    size_t a = any_.size() - 1;
    while (any_[a] == 0) a--;
    const size_t w = a * kWordBits + std::bit_width(any_[a]) - 1;
    return w * kWordBits + std::bit_width(words_[w]) - 1;
  }

 private:
  static uint64_t Bit(size_t i) { return uint64_t{1} << (i % kWordBits); }

  std::vector<uint64_t> words_;  // bit i % 64 of word i / 64: i is in the set
  std::vector<uint64_t> any_;    // the same of words that are not 0
  size_t first_ = 0;             // no word of any_ before this one is not 0
  size_t size_ = 0;
};

}  // namespace heddle::base

#endif  // RUNTIME_BASE_BIT_POOL_H_
