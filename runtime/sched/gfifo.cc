#include "heddle/runtime/sched/gfifo.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "heddle/runtime/stack/memory.h"

namespace heddle::sched {

size_t GFifo::Mapped(uint32_t room) {
  return stack::RoundUpToPage(sizeof(Chunk) + room * sizeof(uintptr_t));
}

GFifo::Chunk* GFifo::NewChunk(uint32_t room) {
  auto* const chunk =
      static_cast<Chunk*>(stack::Map(Mapped(room), stack::PageSize()));
  if (chunk != nullptr) chunk->room = room;  // the rest is zero
  return chunk;
}

void GFifo::Delete(Chunk* chunk) { stack::Unmap(chunk, Mapped(chunk->room)); }

GFifo::~GFifo() {
  while (Chunk* const chunk = first_) {
    first_ = chunk->next;
    Delete(chunk);
  }
  if (spare_ != nullptr) Delete(spare_);
}

bool GFifo::AddChunk() {
  Chunk* chunk;
  if (size_ > kShort) {
    chunk = NewChunk(kLong);
  } else if (spare_ != nullptr) {
    chunk = std::exchange(spare_, nullptr);
  } else {
    chunk = NewChunk(kShort);
  }
  if (chunk == nullptr) return false;
  (last_ != nullptr ? last_->next : first_) = chunk;
  last_ = chunk;
  return true;
}

void GFifo::DropFirst() {
  Chunk* const chunk = first_;
  chunk->begin = 0;
  chunk->end = 0;
  if (chunk == last_ && (chunk->room == kShort || !beyond_.empty())) {
    while (chunk->end < chunk->room && !beyond_.empty()) {
      chunk->gs()[chunk->end++] = beyond_.Pop();
    }
    return;
  }
  first_ = std::exchange(chunk->next, nullptr);
  if (first_ == nullptr) last_ = nullptr;
  if (chunk->room == kShort && spare_ == nullptr) {
    spare_ = chunk;
  } else {
    Delete(chunk);
  }
}

void GFifo::PushBack(G* const* gs, uint32_t n) {
  while (n > 0) {
    // It makes room if there is none.
    PushBack(*gs++);
    n--;
    if (!beyond_.empty()) continue;
    const uint32_t more = std::min(n, last_->room - last_->end);
    std::copy_n(gs, more, &last_->gs()[last_->end]);
    last_->end += more;
    size_ += more;
    gs += more;
    n -= more;
  }
}

void GFifo::PushFrontAll(GQueue<G>* from) {
  GFifo all;
  while (G* gp = from->Pop()) all.PushBack(gp);
  while (G* gp = Pop()) all.PushBack(gp);
  std::swap(first_, all.first_);
  std::swap(last_, all.last_);
  std::swap(spare_, all.spare_);
  std::swap(beyond_, all.beyond_);
  std::swap(size_, all.size_);
}

}  // namespace heddle::sched
