// What the twins with Boost.Fiber share: workers, fibers on pooled stacks, and
// a WaitGroup.

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
  fibers::fiber(std::allocator_arg, PooledStack(stack_size), std::forward<F>(f))
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

// How several workers share fibers. The first is the fastest in nearly every
// row, as a worker that sleeps is not woken to take others' fibers: so long as
// nobody computes for long, one does most of the work.
enum class Algorithm { kStealing, kStealingSpins, kShared };

inline void Use(Algorithm algorithm, int procs) {
  if (procs == 1) return;  // Boost's default, for one
  namespace algo = fibers::algo;
  if (algorithm == Algorithm::kShared) {
    fibers::use_scheduling_algorithm<algo::shared_work>(/*suspend=*/true);
  } else {
    fibers::use_scheduling_algorithm<algo::work_stealing>(
        procs, /*suspend=*/algorithm == Algorithm::kStealing);
  }
}

// Runs `main` as a fiber on so many workers.
template <typename F>
void Run(int procs, F main, Algorithm algorithm = Algorithm::kStealing) {
  WaitGroup done(1);
  std::vector<std::thread> others;
  for (int i = 1; i < procs; i++) {
    others.emplace_back([&done, procs, algorithm] {
      Use(algorithm, procs);
      done.Wait();
    });
  }
  Use(algorithm, procs);
  // On a stack of Boost's own: those of the others may be small.
  fibers::fiber([&done, &main] {
    main();
    done.Done();
  }).detach();
  done.Wait();
  for (std::thread& other : others) other.join();
}

// A row of the command line: `row` with its arguments, as a fiber.
template <typename... N>
Row OnWorkers(void (*row)(N...), Algorithm algorithm = Algorithm::kStealing) {
  return [row, algorithm](int procs, const Args& args) {
    Expect(sizeof...(N), args);
    Run(
        procs, [&] { Call(row, args); }, algorithm);
  };
}

}  // namespace peers

#endif  // BENCHMARKS_PEERS_BOOST_FIBER_FIBERS_H_
