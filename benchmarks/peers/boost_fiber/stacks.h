// PooledStack: a stack allocator for fibers that come and go on several
// threads.
//
// Boost's own pooled_fixedsize_stack is for one thread. Here each thread keeps
// stacks of its own; a thread with too many, or none, goes to a list of all.
// Stacks are unguarded, and lie side by side in mappings that are never given
// back: the cheapest that there is, so that Boost.Fiber is told at its best.

#ifndef BENCHMARKS_PEERS_BOOST_FIBER_STACKS_H_
#define BENCHMARKS_PEERS_BOOST_FIBER_STACKS_H_

#include <sys/mman.h>

#include <boost/context/stack_context.hpp>
#include <cstddef>
#include <mutex>
#include <new>
#include <vector>

namespace peers {

class PooledStack {
 public:
  // Of one size in a process.
  explicit PooledStack(size_t size) : size_(size) {}

  // NOLINTNEXTLINE(readability-identifier-naming): Boost's name.
  boost::context::stack_context allocate() {
    std::vector<char*>& mine = Mine();
    if (mine.empty()) Refill(&mine);
    boost::context::stack_context context;
    context.size = size_;
    context.sp = mine.back() + size_;
    mine.pop_back();
    return context;
  }

  // NOLINTNEXTLINE(readability-identifier-naming): Boost's name.
  void deallocate(boost::context::stack_context& context) noexcept {
    std::vector<char*>& mine = Mine();
    mine.push_back(static_cast<char*>(context.sp) - context.size);
    if (mine.size() < 2 * kBatch) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    Everybodys().insert(Everybodys().end(), mine.end() - kBatch, mine.end());
    mine.resize(mine.size() - kBatch);
  }

 private:
  static constexpr size_t kBatch = 1024;

  // Never destroyed: a thread's scheduler ends after its thread-locals do, and
  // has fibers left to free.
  static std::vector<char*>& Mine() {
    static thread_local auto* const mine = new std::vector<char*>;
    return *mine;
  }

  void Refill(std::vector<char*>* mine) const {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (Everybodys().size() >= kBatch) {
        mine->assign(Everybodys().end() - kBatch, Everybodys().end());
        Everybodys().resize(Everybodys().size() - kBatch);
        return;
      }
    }
    void* mapping = mmap(nullptr, kBatch * size_, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) throw std::bad_alloc();
    // As heddle does with its own: a huge page would be of no use to one stack.
    madvise(mapping, kBatch * size_, MADV_NOHUGEPAGE);
    for (size_t i = kBatch; i-- > 0;) {
      mine->push_back(static_cast<char*>(mapping) + i * size_);
    }
  }

  static std::vector<char*>& Everybodys() {
    static auto* const everybodys = new std::vector<char*>;
    return *everybodys;
  }

  static inline std::mutex mutex_;

  size_t size_;
};

}  // namespace peers

#endif  // BENCHMARKS_PEERS_BOOST_FIBER_STACKS_H_
