// GFifo: goroutines that wait in a queue of any length, first in, first out, in
// arrays: to move one is to copy a pointer. A list through the Gs (gqueue.h)
// touches each, which is a miss of the first cache where there are many.
//
//   first_ ──▶ │ begin … end │ ──▶ │ full │ ──▶ … ──▶ │ … end │ ◀── last_
//
// INV-GF1  No chunk is empty, but for one that is the only one.
// INV-GF2  Those in beyond_ come after all others; while there are any the last
//          chunk is full, or there is none.
//
// Not synchronised: its owner's, as GQueue. Chunks are mapped, and unmapped
// when they are empty: on any stack, and all comes back from a long queue. One
// that is short keeps what it has. Where the system gives no memory, what comes
// then is a list.

#ifndef RUNTIME_SCHED_GFIFO_H_
#define RUNTIME_SCHED_GFIFO_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/base/optimization.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/gqueue.h"

namespace heddle::sched {

class GFifo {
 public:
  // How many a chunk has room for: if fewer are queued, and if more.
  static constexpr uint32_t kShort = (size_t{16} << 10) / sizeof(uintptr_t) - 3;
  static constexpr uint32_t kLong = (size_t{256} << 10) / sizeof(uintptr_t) - 3;

  GFifo() = default;
  GFifo(const GFifo&) = delete;
  GFifo& operator=(const GFifo&) = delete;
  ~GFifo();

  bool empty() const { return size_ == 0; }
  uint32_t size() const { return size_; }

  // Adds gp at the end.
  HEDDLE_INLINE void PushBack(G* gp) {
    size_++;
    if (ABSL_PREDICT_FALSE(last_ == nullptr || last_->end == last_->room)) {
      if (!beyond_.empty() || !AddChunk()) return beyond_.PushBack(gp);
    }
    last_->gs()[last_->end++] = gp;
  }

  // Adds n at the end, in order.
  void PushBack(G* const* gs, uint32_t n);

  // Adds all of `from` at the beginning, in order; empties it. Moves all that
  // there is: for when a P goes, or waits for the next Run.
  void PushFrontAll(GQueue<G>* from);

  // Takes the first; null when empty.
  HEDDLE_INLINE G* Pop() {
    if (size_ == 0) return nullptr;
    size_--;
    if (ABSL_PREDICT_FALSE(first_ == nullptr)) return beyond_.Pop();
    G* const gp = first_->gs()[first_->begin++];
    if (ABSL_PREDICT_FALSE(first_->begin == first_->end)) DropFirst();
    return gp;
  }

  // Moves the first, at most `max`, to the tail of `to`, a Runq of the
  // caller's, as far as there is room. Returns how many.
  template <typename Runq>
  uint32_t MoveTo(Runq* to, uint32_t max) {
    uint32_t moved = 0;
    while (moved < max && size_ != 0) {
      if (ABSL_PREDICT_FALSE(first_ == nullptr)) {
        const uint32_t n = to->PutBatch(&beyond_, max - moved);
        size_ -= n;
        return moved + n;
      }
      const uint32_t most = std::min(max - moved, first_->end - first_->begin);
      const uint32_t n = to->PutArray(&first_->gs()[first_->begin], most);
      first_->begin += n;
      size_ -= n;
      moved += n;
      if (first_->begin == first_->end) DropFirst();
      if (n < most) break;
    }
    return moved;
  }

 private:
  struct Chunk {
    Chunk* next;
    // What it has: gs[begin, end).
    uint32_t begin;
    uint32_t end;
    uint32_t room;

    // They lie behind it.
    G** gs() { return reinterpret_cast<G**>(this + 1); }
  };

  // Bytes of a chunk for so many.
  static size_t Mapped(uint32_t room);
  static Chunk* NewChunk(uint32_t room);  // null: no memory
  static void Delete(Chunk* chunk);
  // False: no memory.
  bool AddChunk();
  // The first has become empty.
  void DropFirst();

  Chunk* first_ = nullptr;
  Chunk* last_ = nullptr;
  // One of kShort.
  Chunk* spare_ = nullptr;
  GQueue<G> beyond_;
  uint32_t size_ = 0;
};

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_GFIFO_H_
