// Gate: lets no more than a number of goroutines through at a time.
//
// A tree may have more files than the process may open, or than there is memory
// to read at once. Built from heddle's Mutex and WaitGroup: each that waits has
// a WaitGroup of its own, and whoever leaves ends the wait of the first in
// line.

#ifndef EXAMPLES_WORDCOUNT_GATE_H_
#define EXAMPLES_WORDCOUNT_GATE_H_

#include <deque>
#include <mutex>

#include "heddle.h"

namespace heddle::wordcount {

// Thread-safe.
class Gate {
 public:
  // Lets `places` through at a time, 1 or more.
  explicit Gate(int places) : places_(places) {}
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Waits for a place and takes it. First come, first served.
  void Enter() {
    WaitGroup turn;
    {
      const std::scoped_lock lock(mutex_);
      if (places_ > 0) {
        --places_;
        return;
      }
      turn.Add(1);
      line_.push_back(&turn);
    }
    turn.Wait();
  }

  // Gives a place back.
  void Leave() {
    WaitGroup* next;
    {
      const std::scoped_lock lock(mutex_);
      if (line_.empty()) {
        ++places_;
        return;
      }
      next = line_.front();
      line_.pop_front();
    }
    next->Done();
  }

 private:
  Mutex mutex_;
  int places_;                   // free ones
  std::deque<WaitGroup*> line_;  // those who wait; empty if places_ > 0
};

}  // namespace heddle::wordcount

#endif  // EXAMPLES_WORDCOUNT_GATE_H_
