// Steps on a StackPool with several caches, checked against a model: the set of
// the stacks that are out. Chosen by whoever calls: a random generator
// (stack_pool_property_test.cc) or a fuzzer (stack_pool_fuzz.cc). What goes
// wrong ends the process, so that both see it.

#ifndef RUNTIME_STACK_STACK_POOL_STEPS_FOR_TEST_H_
#define RUNTIME_STACK_STACK_POOL_STEPS_FOR_TEST_H_

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>

#include "absl/status/statusor.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/stack/memory.h"
#include "heddle/runtime/stack/stack.h"
#include "heddle/runtime/stack/stack_cache.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::stack {

class StackPoolSteps {
 public:
  explicit StackPoolSteps(GuardKind kind) : pool_(kind) {}

  ~StackPoolSteps() {
    while (!out_.empty()) Free(nullptr, 0);
    for (StackCache& c : caches_) c.Flush(&pool_);
    const StackPool::Stats stats = pool_.stats();
    Check(stats.taken_stacks == 0 && stats.taken_bytes == 0, "stacks leaked");
    Check(stats.spans <= kNumOrders, "more than one span to spare in an order");
  }

  size_t size() const { return out_.size(); }

  // The one of these steps that `what` picks, with `which` for its choices.
  void Step(unsigned what, unsigned which) {
    StackCache* const cache = which % (kCaches + 1) < kCaches
                                  ? &caches_[which % (kCaches + 1)]
                                  : nullptr;
    const unsigned rest = which / (kCaches + 1);
    if (what % 64 < 28) {
      Alloc(cache, kMinStack << rest % 7);
    } else if (what % 64 < 32) {
      Alloc(cache, kMinStack << rest % 12);  // to 4 MiB
    } else if (what % 64 < 58) {
      Free(cache, rest);
    } else if (what % 64 == 58) {
      if (cache != nullptr) cache->Flush(&pool_);
    } else if (what % 64 == 59) {
      pool_.MarkIdle();
    } else if (what % 64 == 60) {
      pool_.Return(rest % 100);
    } else if (what % 64 == 61) {
      if (rest % 16 == 0) pool_.ReturnAll();
    } else if (what % 64 == 62) {
      AllocBadSize(cache, rest);
    } else {
      CheckSums();
    }
  }

 private:
  static constexpr unsigned kCaches = 3;

  static void Check(bool good, const char* what) {
    if (!good) base::Throw("%s", what);
  }

  // Of a stack, guard and all: where it must not overlap another's.
  static uintptr_t Begin(Stack stack) {
    return HasGuard(stack.size()) ? stack.lo - PageSize() : stack.lo;
  }

  void Alloc(StackCache* cache, size_t size) {
    const absl::StatusOr<Stack> got = pool_.Alloc(cache, size);
    Check(got.ok(), "no stack");
    Check(got->size() == size, "a stack of another size");
    const uintptr_t lo = Begin(*got);
    const auto above = out_.lower_bound(lo);
    Check(above == out_.end() || got->hi <= above->first,
          "overlaps the stack above");
    Check(above == out_.begin() || std::prev(above)->second.stack.hi <= lo,
          "overlaps the stack below");
    // It is memory, to its ends, and stays so: see Free.
    marks_++;
    Low(*got) = High(*got) = marks_;
    out_.emplace(lo, Out{*got, marks_});
    bytes_ += size;
  }

  void Free(StackCache* cache, unsigned which) {
    if (out_.empty()) return;
    const auto it = std::next(out_.begin(), which % out_.size());
    const Out out = it->second;
    Check(Low(out.stack) == out.mark && High(out.stack) == out.mark,
          "a stack in use lost what was written to it");
    out_.erase(it);
    bytes_ -= out.stack.size();
    pool_.Free(cache, out.stack);
  }

  void AllocBadSize(StackCache* cache, unsigned which) {
    const size_t size = which % 2 == 0 ? which : kMaxStack + 1 + which;
    if (size >= kMinStack && size <= kMaxStack && (size & (size - 1)) == 0) {
      return;
    }
    Check(pool_.Alloc(cache, size).status().code() ==
              absl::StatusCode::kInvalidArgument,
          "a bad size was not refused");
  }

  void CheckSums() const {
    size_t cached = 0;
    for (const StackCache& c : caches_) cached += c.bytes();
    const StackPool::Stats stats = pool_.stats();
    Check(stats.taken_bytes == bytes_ + cached, "taken bytes");
    Check(stats.mapped_bytes >= stats.taken_bytes + stats.free_bytes,
          "mapped bytes");
    Check(stats.returned_stacks <= stats.free_stacks, "returned stacks");
  }

  struct Out {
    Stack stack;
    uint32_t mark;
  };
  static uint32_t& Low(Stack stack) {
    return *reinterpret_cast<uint32_t*>(stack.lo);
  }
  static uint32_t& High(Stack stack) {
    return *reinterpret_cast<uint32_t*>(stack.hi - sizeof(uint32_t));
  }

  StackPool pool_;
  StackCache caches_[kCaches];
  std::map<uintptr_t, Out> out_;  // by Begin
  size_t bytes_ = 0;
  uint32_t marks_ = 0;
};

}  // namespace heddle::stack

#endif  // RUNTIME_STACK_STACK_POOL_STEPS_FOR_TEST_H_
