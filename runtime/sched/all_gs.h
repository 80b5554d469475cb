// AllGs: every G that a runtime has made, in the order of their making. Grows
// only, and is read without a lock: reports walk it when the process is dying,
// whoever holds which lock then. (Go's allgs and allgptr)
//
// Chunks, each twice as long as the one before, so that nothing ever moves.

#ifndef RUNTIME_SCHED_ALL_GS_H_
#define RUNTIME_SCHED_ALL_GS_H_

#include <atomic>
#include <bit>
#include <cstddef>
#include <new>

#include "runtime/base/throw.h"

namespace heddle::sched {

struct G;

class AllGs {
 public:
  AllGs() = default;
  ~AllGs() {
    for (std::atomic<G**>& chunk : chunks_) {
      delete[] chunk.load(std::memory_order_relaxed);
    }
  }
  AllGs(const AllGs&) = delete;
  AllGs& operator=(const AllGs&) = delete;

  // One caller at a time; it has a lock.
  void Append(G* gp) {
    const size_t i = size_.load(std::memory_order_relaxed);
    const Place place = Find(i);
    G** chunk = chunks_[place.chunk].load(std::memory_order_relaxed);
    if (chunk == nullptr) {
      chunk = new (std::nothrow) G*[kFirst << place.chunk];
      if (chunk == nullptr) base::Throw("out of memory: no room for allgs");
      chunks_[place.chunk].store(chunk, std::memory_order_relaxed);
    }
    chunk[place.index] = gp;
    // Release: pairs with the acquire in size.
    size_.store(i + 1, std::memory_order_release);
  }

  // Thread-safe, as is the next one.
  size_t size() const { return size_.load(std::memory_order_acquire); }

  // i below what size() returned.
  G* operator[](size_t i) const {
    const Place place = Find(i);
    return chunks_[place.chunk].load(std::memory_order_relaxed)[place.index];
  }

 private:
  static constexpr size_t kFirst = 64;   // the length of the first chunk
  static constexpr size_t kChunks = 40;  // more than memory has room for

  struct Place {
    size_t chunk;
    size_t index;
  };
  static Place Find(size_t i) {
    const size_t chunk = std::bit_width(i / kFirst + 1) - 1;
    return {chunk, i - kFirst * ((size_t{1} << chunk) - 1)};
  }

  std::atomic<G**> chunks_[kChunks] = {};
  std::atomic<size_t> size_{0};
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_ALL_GS_H_
