#include "heddle/runtime/sched/all_gs.h"

#include <memory>
#include <new>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sanitizer/stack_hooks.h"
#include "heddle/runtime/stack/memory.h"

namespace heddle::sched {
namespace {

uintptr_t Address(const G* gp) { return reinterpret_cast<uintptr_t>(gp); }

}  // namespace

AllGs::~AllGs() {
  ForEachUsed([](G* gp) { std::destroy_at(gp); });
  for (size_t c = 0; c < kChunks; c++) {
    G* const first = chunks_[c].load(std::memory_order_relaxed);
    if (first == nullptr) break;
    sanitizer::NoLeakRoots(Address(first), Bytes(c));
    // The places of callables.
    sanitizer::AsanUnpoison(Address(first), Bytes(c));
    stack::Unmap(first, stack::RoundUpToPage(Bytes(c)));
  }
}

G* AllGs::New() {
  const size_t i = size_.load(std::memory_order_relaxed);
  const Place place = Find(i);
  G* first = chunks_[place.chunk].load(std::memory_order_relaxed);
  if (first == nullptr) {
    first = static_cast<G*>(stack::Map(stack::RoundUpToPage(Bytes(place.chunk)),
                                       stack::PageSize()));
    if (first == nullptr) return nullptr;
    sanitizer::LeakRoots(Address(first), Bytes(place.chunk));
    chunks_[place.chunk].store(first, std::memory_order_relaxed);
  }
  G* const gp = new (first + place.index) G;
  // Release: pairs with the acquire in size.
  size_.store(i + 1, std::memory_order_release);
  return gp;
}

size_t AllGs::IndexOf(const G* gp) const {
  // The last chunk first: it is as long as all others together.
  for (size_t c = Find(size() - 1).chunk + 1; c-- > 0;) {
    const G* const first = chunks_[c].load(std::memory_order_relaxed);
    if (Address(gp) - Address(first) < Bytes(c)) {
      return kBlock * ((size_t{1} << c) - 1) + static_cast<size_t>(gp - first);
    }
  }
  base::Throw("allgs: another runtime's goroutine");
}

void AllGs::GiveBack(size_t block) {
  if (block >= returned_.size()) returned_.resize(block + 1);
  returned_[block] = true;
  G* const first = (*this)[block * kBlock];
  for (G* gp = first; gp != first + kBlock; gp++) {
    // Idle: it was given back before, taken with others, and not used.
    const GStatus status = ReadGStatus(gp);
    if ((status != GStatus::kDead && status != GStatus::kIdle) || gp->stack) {
      base::Throw("allgs: free of a goroutine that is in use");
    }
    // Not by way of CasGStatus: it is no goroutine's change of state.
    gp->atomicstatus.store(GStatus::kIdle, std::memory_order_relaxed);
    gp->labels = Labels();
    gp->extra = nullptr;
  }
  // All of the block, where pages are 4 KiB; else what it has for itself.
  const size_t page = stack::PageSize();
  const uintptr_t lo = stack::RoundUpToPage(Address(first));
  const uintptr_t hi = Address(first + kBlock) / page * page;
  if (lo < hi) stack::GiveBack(lo, hi);
}

}  // namespace heddle::sched
