// Walks 0 .. n-1 in a pseudo-random order that needs no memory: from a random
// start by a random step that has no factor in common with n. Thieves visit
// the Ps in it, so that they do not all queue up at the same victim.
//
// Source: Go 1.21's randomOrder and randomEnum (stealOrder).

#ifndef RUNTIME_SCHED_RANDOM_ORDER_H_
#define RUNTIME_SCHED_RANDOM_ORDER_H_

#include <cstdint>
#include <numeric>
#include <vector>

namespace heddle::sched {

// Immutable after Reset; Reset runs with the world stopped.
class RandomOrder {
 public:
  // One walk; a plain value.
  class Enum {
   public:
    bool Done() const { return left_ == 0; }
    uint32_t Position() const { return pos_; }
    void Next() {
      left_--;
      pos_ += inc_;
      if (pos_ >= count_) pos_ -= count_;
    }

   private:
    friend class RandomOrder;
    uint32_t left_ = 0;
    uint32_t count_ = 0;
    uint32_t pos_ = 0;
    uint32_t inc_ = 0;
  };

  // Prepares walks over 0 .. count-1.
  void Reset(uint32_t count) {
    count_ = count;
    coprimes_.clear();
    for (uint32_t i = 1; i <= count; i++) {
      if (std::gcd(i, count) == 1) coprimes_.push_back(i);
    }
  }

  // The walk that `random` picks. Different numbers below
  // count * number_of_coprimes() give different walks.
  Enum Start(uint32_t random) const {
    Enum e;
    if (count_ == 0) return e;
    e.left_ = count_;
    e.count_ = count_;
    e.pos_ = random % count_;
    e.inc_ = coprimes_[random / count_ % coprimes_.size()];
    return e;
  }

  uint32_t number_of_coprimes() const {
    return static_cast<uint32_t>(coprimes_.size());
  }

 private:
  uint32_t count_ = 0;
  std::vector<uint32_t> coprimes_;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_RANDOM_ORDER_H_
