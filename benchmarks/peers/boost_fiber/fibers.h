// What the twins with Boost.Fiber share: workers, fibers on pooled stacks, and a
// WaitGroup.

#ifndef BENCHMARKS_PEERS_BOOST_FIBER_FIBERS_H_
#define BENCHMARKS_PEERS_BOOST_FIBER_FIBERS_H_

#include <atomic>
#include <boost/fiber/all.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "../measure.h"
#include "stacks.h"

namespace peers {

namespace fibers = boost::fibers;

inline size_t stack_size = 64 << 10;

// Starts a fiber that nobody joins.
template <typename F>
void Go(F&& f) {
  fibers::fiber(std::allocator_arg, PooledStack(stack_size),
                std::forward<F>(f))
      .detach();
}

// Go's, by an atomic counter: only the last Done takes the lock.
class WaitGroup {
 public:
  explicit WaitGroup(int64_t n) : left_(n) {}

  void Done() {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
    const std::lock_guard<fibers::mutex> lock(mutex_);
    done_ = true;
    all_done_.notify_all();
  }

  void Wait() {
    std::unique_lock<fibers::mutex> lock(mutex_);
    all_done_.wait(lock, [this] { return done_; });
  }

 private:
  std::atomic<int64_t> left_;
  fibers::mutex mutex_;
  bool done_ = false;
  fibers::condition_variable all_done_;
};

// How several workers share fibers. Stealing is the faster one in nearly every
// row, and a worker that sleeps when it has none is faster than one that spins.
enum class Algorithm { kWorkStealing, kSharedWork };

inline void Use(Algorithm algorithm, int procs) {
  constexpr bool kSuspend = true;
  if (procs == 1) return;
  if (algorithm == Algorithm::kSharedWork) {
    fibers::use_scheduling_algorithm<fibers::algo::shared_work>(kSuspend);
  } else {
    fibers::use_scheduling_algorithm<fibers::algo::work_stealing>(procs,
                                                                  kSuspend);
  }
}

// Runs `main` as a fiber on so many workers; one has no such algorithm.
template <typename F>
void Run(int procs, F main, Algorithm algorithm = Algorithm::kWorkStealing) {
  WaitGroup done(1);
  std::vector<std::thread> others;
  for (int i = 1; i < procs; i++) {
    others.emplace_back([&done, procs, algorithm] {
      Use(algorithm, procs);
      done.Wait();
    });
  }
  Use(algorithm, procs);
  Go([&done, &main] {
    main();
    done.Done();
  });
  done.Wait();
  for (std::thread& other : others) other.join();
}

}  // namespace peers

#endif  // BENCHMARKS_PEERS_BOOST_FIBER_FIBERS_H_
