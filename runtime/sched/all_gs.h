// AllGs: every G of a runtime, and the memory that they are in. (Go's allgs,
// allgptr and, of mheap, what makes Gs)
//
// Chunks of Gs that lie side by side, each chunk twice as long as the one
// before: nothing ever moves, and a place in it stays a G while the runtime
// lives, so that reports walk it without a lock, whoever holds which lock then.
// A million dead goroutines need not keep the memory of their Gs for that: a
// block of 64 can go back to the system, and reads as zeros, which is a G in
// its first state (g.h), until it is used again.

#ifndef RUNTIME_SCHED_ALL_GS_H_
#define RUNTIME_SCHED_ALL_GS_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "heddle/runtime/sched/g.h"

namespace heddle::sched {

class AllGs {
 public:
  // Gs whose memory goes back together: on usual systems, three pages.
  static constexpr size_t kBlock = 64;

  AllGs() = default;
  // Destroys all Gs.
  ~AllGs();
  AllGs(const AllGs&) = delete;
  AllGs& operator=(const AllGs&) = delete;

  // One more G, in its first state; null when the system gives no memory. One
  // caller at a time; it has a lock.
  G* New();

  // How many there are. Thread-safe, as are the next two.
  size_t size() const { return size_.load(std::memory_order_acquire); }
  // i below what size() returned.
  G* operator[](size_t i) const {
    const Place place = Find(i);
    return &chunks_[place.chunk].load(std::memory_order_relaxed)[place.index];
  }
  // The i of that; throws if gp is not one of these Gs. Not when there are
  // none.
  size_t IndexOf(const G* gp) const;

  // Gives the memory of the Gs [kBlock * block, kBlock * (block + 1)) back, all
  // of them dead, or still in their first state, and without a stack: they are
  // in their first state afterwards. And says that one of them is to be used
  // again. One caller of these two at a time; it has a lock, and no report is
  // under way.
  void GiveBack(size_t block);
  void TakeBack(size_t block) {
    if (block < returned_.size()) returned_[block] = false;
  }
  bool IsReturned(size_t block) const {
    return block < returned_.size() && returned_[block];
  }

  // Calls f(G*) for all but those without memory. By itself.
  template <typename F>
  void ForEachUsed(F f) {
    const size_t n = size();
    for (size_t i = 0; i < n; i++) {
      // Looking at them would give them some.
      if (i % kBlock == 0 && IsReturned(i / kBlock)) {
        i += kBlock - 1;
      } else {
        f((*this)[i]);
      }
    }
  }

 private:
  static constexpr size_t kChunks = 40;  // more than memory has room for

  // Chunk number c has kBlock << c Gs.
  struct Place {
    size_t chunk;
    size_t index;
  };
  static Place Find(size_t i) {
    const size_t chunk = std::bit_width(i / kBlock + 1) - 1;
    return {chunk, i - kBlock * ((size_t{1} << chunk) - 1)};
  }
  static size_t Bytes(size_t chunk) { return (kBlock << chunk) * sizeof(G); }

  std::atomic<G*> chunks_[kChunks] = {};
  std::atomic<size_t> size_{0};
  std::vector<bool> returned_;  // by block
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_ALL_GS_H_
