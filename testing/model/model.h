// Relacy for heddle's lock-free code: the policy of atomics with which the
// product's templates run under the model checker, mutations of that code, and
// the searches. docs/models.md says how to write and to read a model.
//
// Included last, and by test sources alone: relacy replaces operator new in the
// program.
//
// A Mutation is made here, in the policy, on the fly: the code under test is
// not copied. It names the operations by the function that they stand in, what
// they do, and the memory order that the source spells.

#ifndef TESTING_MODEL_MODEL_H_
#define TESTING_MODEL_MODEL_H_

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <ostream>
#include <streambuf>
#include <string>
#include <type_traits>

// Not relacy.hpp: that also defines new, errno, Sleep and a hundred other
// words.
// By <> they are system headers, whose warnings nobody here answers for.
// clang-format off: the order matters
#include <relacy/atomic.hpp>
#include <relacy/atomic_fence.hpp>
#include <relacy/base.hpp>
#include <relacy/context.hpp>
#include <relacy/context_base_impl.hpp>
#include <relacy/stdlib/condition_variable.hpp>
#include <relacy/stdlib/event.hpp>
#include <relacy/stdlib/mutex.hpp>
#include <relacy/stdlib/semaphore.hpp>
#include <relacy/test_suite.hpp>
#include <relacy/var.hpp>
#undef $
// clang-format on

namespace heddle::model {

// kCall: of something else that the policy has, such as a wake-up.
enum class Op { kLoad, kStore, kExchange, kCas, kFetch, kFence, kCall };

// One defect, put into the code by the policy.
struct Mutation {
  enum class Kind {
    kWeaken,   // the order is `to` instead
    kDrop,     // a fence or a call is left out
    kAnswer,   // a load is left out: its result is `answer`
    kBlindly,  // a compare-exchange stores without comparing
  };
  const char* what;      // for people
  const char* function;  // where the operation stands, unqualified
  Op op;
  // As the source has it; of a CAS: on success; of a call: seq_cst.
  std::memory_order order = std::memory_order_seq_cst;
  Kind kind = Kind::kWeaken;
  std::memory_order to = std::memory_order_relaxed;
  uint64_t answer = 0;
};

// Where the operation stands.
struct Site {
  const char* function;
  const char* file;
  int line;
  rl::debug_info Info() const {
    return {function, file, static_cast<unsigned>(line)};
  }
};

// The mutation in force, and how often it was met.
inline const Mutation* current_mutation = nullptr;
inline uint64_t mutated = 0;

// Whether `at` is in function `name`. g++ adds a template's arguments.
inline bool IsIn(const Site& at, const char* name) {
  const size_t n = std::strlen(name);
  return std::strncmp(at.function, name, n) == 0 &&
         (at.function[n] == '\0' || at.function[n] == '<');
}

inline bool Mutates(const Site& at, Op op, std::memory_order order) {
  const Mutation* m = current_mutation;
  if (m == nullptr || m->op != op || m->order != order ||
      !IsIn(at, m->function)) {
    return false;
  }
  mutated++;
  return true;
}

inline rl::memory_order RlOrder(std::memory_order order) {
  switch (order) {
    case std::memory_order_relaxed:
      return rl::mo_relaxed;
    case std::memory_order_consume:
      return rl::mo_consume;
    case std::memory_order_acquire:
      return rl::mo_acquire;
    case std::memory_order_release:
      return rl::mo_release;
    case std::memory_order_acq_rel:
      return rl::mo_acq_rel;
    case std::memory_order_seq_cst:
      return rl::mo_seq_cst;
  }
  return rl::mo_seq_cst;
}

// The order of an operation, which a mutation may have weakened.
inline rl::memory_order OrderOf(const Site& at, Op op,
                                std::memory_order order) {
  if (Mutates(at, op, order) &&
      current_mutation->kind == Mutation::Kind::kWeaken) {
    order = current_mutation->to;
  }
  return RlOrder(order);
}

// The caller's site, as a default argument.
#define HEDDLE_MODEL_SITE                                             \
  ::heddle::model::Site at = {__builtin_FUNCTION(), __builtin_FILE(), \
                              __builtin_LINE()}

// std::atomic's face of rl::atomic. Like that, it begins with T().
template <typename T>
class Atomic {
 public:
  Atomic() : impl_(T()) {}
  explicit Atomic(T v) : impl_(v) {}

  T load(std::memory_order order, HEDDLE_MODEL_SITE) const {
    if (Mutates(at, Op::kLoad, order)) {
      if (current_mutation->kind == Mutation::Kind::kAnswer) {
        if constexpr (std::is_pointer_v<T>) {
          return reinterpret_cast<T>(current_mutation->answer);
        } else {
          return static_cast<T>(current_mutation->answer);
        }
      }
      order = current_mutation->to;
    }
    return impl_.load(RlOrder(order), at.Info());
  }
  void store(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    impl_.store(v, OrderOf(at, Op::kStore, order), at.Info());
  }
  T exchange(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    return impl_.exchange(v, OrderOf(at, Op::kExchange, order), at.Info());
  }
  T fetch_add(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    return impl_.fetch_add(v, OrderOf(at, Op::kFetch, order), at.Info());
  }
  T fetch_sub(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    return impl_.fetch_sub(v, OrderOf(at, Op::kFetch, order), at.Info());
  }
  T fetch_or(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    return impl_.fetch_or(v, OrderOf(at, Op::kFetch, order), at.Info());
  }
  T fetch_and(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    return impl_.fetch_and(v, OrderOf(at, Op::kFetch, order), at.Info());
  }
  bool compare_exchange_strong(T& expected, T desired,
                               std::memory_order success,
                               std::memory_order failure, HEDDLE_MODEL_SITE) {
    rl::memory_order order = RlOrder(success);
    if (Mutates(at, Op::kCas, success)) {
      if (current_mutation->kind == Mutation::Kind::kBlindly) {
        impl_.store(desired, StoreOrder(success), at.Info());
        return true;
      }
      order = RlOrder(current_mutation->to);
    }
    return impl_.compare_exchange_strong(
        expected, desired, order, at.Info(),
        order == rl::mo_relaxed ? rl::mo_relaxed : RlOrder(failure), at.Info());
  }
  bool compare_exchange_strong(T& expected, T desired, std::memory_order order,
                               HEDDLE_MODEL_SITE) {
    return compare_exchange_strong(
        expected, desired, order,
        order == std::memory_order_release   ? std::memory_order_relaxed
        : order == std::memory_order_acq_rel ? std::memory_order_acquire
                                             : order,
        at);
  }

  rl::atomic<T>& impl() { return impl_; }

 private:
  static rl::memory_order StoreOrder(std::memory_order order) {
    switch (order) {
      case std::memory_order_acquire:
        return rl::mo_relaxed;
      case std::memory_order_acq_rel:
        return rl::mo_release;
      default:
        return RlOrder(order);
    }
  }

  mutable rl::atomic<T> impl_;
};

inline void Fence(std::memory_order order, HEDDLE_MODEL_SITE) {
  if (Mutates(at, Op::kFence, order)) {
    if (current_mutation->kind == Mutation::Kind::kDrop) return;
    order = current_mutation->to;
  }
  rl::atomic_thread_fence(RlOrder(order), at.Info());
}

// The policy: base::StdAtomics' counterpart.
struct Atomics {
  template <typename T>
  using Atomic = model::Atomic<T>;
};

// A plain variable. Two threads in it at once, without an order between them,
// are a failure.
template <typename T>
class Var {
 public:
  Var() = default;
  explicit Var(T v) : impl_(v) {}
  T Get(HEDDLE_MODEL_SITE) const { return impl_(at.Info()).load(); }
  void Set(T v, HEDDLE_MODEL_SITE) { impl_(at.Info()).store(v); }
  // For code that takes it for a T.
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator T() const { return impl_(rl::debug_info()).load(); }
  Var& operator=(T v) {
    impl_(rl::debug_info()).store(v);
    return *this;
  }
  Var& operator=(const Var& v) { return *this = static_cast<T>(v); }

 private:
  rl::var<T> impl_;
};

// A mutex, for what the product guards by a lock.
class Lock {
 public:
  void Acquire(HEDDLE_MODEL_SITE) { impl_.lock(at.Info()); }
  void Release(HEDDLE_MODEL_SITE) { impl_.unlock(at.Info()); }

 private:
  rl::mutex impl_;
};

// Where one thread waits for another, as on a note.
class Event {
 public:
  Event() { impl_.init(/*manual_reset=*/false, false, rl::debug_info()); }
  ~Event() { impl_.deinit(rl::debug_info()); }
  void Set(HEDDLE_MODEL_SITE) { impl_.set(at.Info()); }
  void Wait(HEDDLE_MODEL_SITE) { impl_.wait(false, false, at.Info()); }

 private:
  rl::generic_event impl_;
};

// A property of the model. To be used in its threads and in after().
inline void Require(bool holds, const char* what, HEDDLE_MODEL_SITE) {
  if (holds) return;
  rl::ctx().fail_test(what, rl::test_result_user_assert_failed, at.Info());
}

// Whether a mutation leaves out the step of the model that follows: a kCall,
// in the function that asks.
inline bool LeftOut(HEDDLE_MODEL_SITE) {
  return Mutates(at, Op::kCall, std::memory_order_seq_cst);
}

// Lets the others go first, in a loop that waits for them.
inline void Yield(HEDDLE_MODEL_SITE) { rl::ctx().yield(1, at.Info()); }

// ---- Searches ----

struct Search {
  rl::scheduler_type_e type;
  uint64_t limit;  // random: executions. bound: preemptions
};
// Every execution, with at most one stale value to choose for each load.
inline Search Full() { return {rl::sched_full, 0}; }
// Every execution with at most `n` preemptions.
inline Search Bound(uint64_t n) { return {rl::sched_bound, n}; }
// `n` executions by chance, with two stale values to choose.
inline Search Random(uint64_t n) { return {rl::sched_random, n}; }

struct Outcome {
  rl::test_result_e result;
  uint64_t executions;
  uint64_t mutated;   // operations
  std::string story;  // of the execution that failed
};

// Relacy's words. While it runs, what is allocated is the model's: a
// std::ostringstream would give back what it had before.
class Words : public std::streambuf {
 public:
  Words() : text_(new char[kSize]) { setp(text_.get(), text_.get() + kSize); }
  // The threads' story in one; relacy then repeats it thread by thread.
  std::string Text() const {
    const std::string text(pbase(), pptr());
    return text.substr(0, text.find("\nthread 0:"));
  }

 private:
  static constexpr size_t kSize = 1 << 20;  // the rest is cut off
  std::unique_ptr<char[]> text_;
};

// Runs the model Suite, an rl::test_suite, with the mutation, if any.
template <typename Suite>
Outcome Run(const Search& search, const Mutation* mutation = nullptr) {
  rl::test_params params;
  Words words;
  std::ostream out(&words);
  std::ostream progress(nullptr);
  params.output_stream = &out;
  params.progress_stream = &progress;
  params.search_type = search.type;
  params.iteration_count = search.limit;
  params.context_bound = static_cast<unsigned>(search.limit);
  current_mutation = mutation;
  mutated = 0;
  rl::simulate<Suite>(params);
  current_mutation = nullptr;
  return {params.test_result, params.stop_iteration, mutated, words.Text()};
}

// gtest's predicate: no execution fails.
#define EXPECT_CLEAN(suite, search)                                           \
  do {                                                                        \
    const ::heddle::model::Outcome o = ::heddle::model::Run<suite>(search);   \
    EXPECT_EQ(o.result, ::rl::test_result_success) << o.story;                \
    ::testing::Test::RecordProperty(#search, std::to_string(o.executions));   \
    std::cout << #suite ", " #search ": " << o.executions << " executions\n"; \
  } while (false)

// An execution fails: by a property, a race for a Var, a look at what is not
// there yet, or a deadlock.
#define EXPECT_CAUGHT(suite, search, ...)                                   \
  do {                                                                      \
    const ::heddle::model::Mutation m = __VA_ARGS__;                        \
    const ::heddle::model::Outcome o =                                      \
        ::heddle::model::Run<suite>(search, &m);                            \
    EXPECT_GT(o.mutated, 0u) << m.what << ": there is no such operation";   \
    EXPECT_TRUE(o.result == ::rl::test_result_user_assert_failed ||         \
                o.result == ::rl::test_result_data_race ||                  \
                o.result == ::rl::test_result_unitialized_access ||         \
                o.result == ::rl::test_result_deadlock)                     \
        << m.what << " is not caught: " << ::rl::test_result_str(o.result); \
    std::cout << #suite ": " << m.what << ": execution " << o.executions    \
              << ", " << ::rl::test_result_str(o.result) << "\n";           \
  } while (false)

}  // namespace heddle::model

#endif  // TESTING_MODEL_MODEL_H_
