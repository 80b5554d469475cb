#include "runtime/sched/gfifo.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "runtime/stack/memory.h"

namespace heddle::sched {
namespace {

size_t Mapped(size_t bytes) {
  const size_t page = stack::PageSize();
  return (bytes + page - 1) / page * page;
}

}  // namespace

GFifo::Chunk* GFifo::NewChunk(uint32_t room) {
  const size_t bytes = Mapped(sizeof(Chunk) + room * sizeof(uintptr_t));
  auto* const chunk = static_cast<Chunk*>(stack::Map(bytes, stack::PageSize()));
  if (chunk != nullptr) chunk->room = room;  // the rest is zero
  return chunk;
}

void GFifo::Delete(Chunk* chunk) {
  stack::Unmap(chunk, Mapped(sizeof(Chunk) + chunk->room * sizeof(uintptr_t)));
}

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
  if (chunk == last_ && (chunk->room == kShort || !beyond_.empty())) {
    chunk->begin = 0;
    chunk->end = 0;
    while (chunk->end < chunk->room && !beyond_.empty()) {
      chunk->gs[chunk->end++] = beyond_.Pop();
    }
    return;
  }
  first_ = std::exchange(chunk->next, nullptr);
  if (first_ == nullptr) last_ = nullptr;
  if (chunk->room == kShort && spare_ == nullptr) {
    chunk->begin = 0;
    chunk->end = 0;
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
    std::copy_n(gs, more, &last_->gs[last_->end]);
    last_->end += more;
    size_ += more;
    gs += more;
    n -= more;
  }
}

void GFifo::PushFrontAll(GQueue<G>* from) {
  GFifo front;
  while (G* gp = from->Pop()) front.PushBack(gp);
  if (front.empty()) return;
  if (!front.beyond_.empty()) {
    while (G* gp = Pop()) front.PushBack(gp);
  }
  if (!empty()) {
    front.last_->next = std::exchange(first_, nullptr);
    front.last_ = last_;
    front.size_ += size_;
  }
  std::swap(first_, front.first_);
  std::swap(last_, front.last_);
  std::swap(size_, front.size_);
  front.beyond_.PushBackAll(&beyond_);
  beyond_ = front.beyond_.PopAll();
}

}  // namespace heddle::sched
