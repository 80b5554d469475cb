// Relacy for heddle's lock-free code: the policy of atomics with which the
// product's templates run under the model checker, mutations of that code, and
// the searches. docs/models.md says how to write and to read a model.
//
// Relacy itself is in model.cc alone: it is compiled once, not once for each
// model and each of its types. So this header hides relacy's variables behind
// cells of bytes, and a model behind an abstract class.
//
// For test sources alone: relacy replaces operator new in the program.
//
// A Mutation is made in model.cc, in the policy, on the fly: the code under
// test is not copied. It names the operations by the function that they stand
// in, what they do, and the memory order that the source spells.

#ifndef TESTING_MODEL_MODEL_H_
#define TESTING_MODEL_MODEL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <new>
#include <string>
#include <type_traits>

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
};

// The caller's site, as a default argument.
#define HEDDLE_MODEL_SITE                                             \
  ::heddle::model::Site at = {__builtin_FUNCTION(), __builtin_FILE(), \
                              __builtin_LINE()}

// Whether the mutation in force is of this operation, which then counts as met.
bool Mutates(const Site& at, Op op, std::memory_order order);

// ---- Relacy's variables, as bytes ----

// The type by which model.cc knows a T. A pointer is a void*.
template <typename T>
using Known = std::conditional_t<std::is_pointer_v<T>, void*, T>;

// An rl::atomic<T>. model.cc has those of int32_t, uint32_t, uint64_t and
// void*.
template <typename T>
class AtomicCell {
 public:
  explicit AtomicCell(T v);
  ~AtomicCell();
  AtomicCell(const AtomicCell&) = delete;
  AtomicCell& operator=(const AtomicCell&) = delete;

  enum class Arithmetic { kAdd, kSub, kOr, kAnd };

  T Load(std::memory_order order, const Site& at);
  void Store(T v, std::memory_order order, const Site& at);
  T Exchange(T v, std::memory_order order, const Site& at);
  T Fetch(Arithmetic how, T v, std::memory_order order, const Site& at);
  bool CompareExchange(T& expected, T desired, std::memory_order success,
                       std::memory_order failure, const Site& at);
  // futex(2)'s.
  bool FutexWait(T value, bool is_timed, const Site& at);
  void FutexWake(int n, const Site& at);

 private:
  alignas(8) std::byte bytes_[(4 * sizeof(T) + 31) / 8 * 8];
};

// An rl::var<T>. model.cc has those of bool, int32_t, uint32_t and void*.
template <typename T>
class VarCell {
 public:
  VarCell();
  explicit VarCell(T v);
  ~VarCell();
  VarCell(const VarCell&) = delete;
  VarCell& operator=(const VarCell&) = delete;

  T Get(const Site& at) const;
  void Set(T v, const Site& at);

 private:
  alignas(8) std::byte bytes_[24 + (sizeof(T) + 3) / 8 * 8];
};

// ---- The policy ----

// std::atomic's face of rl::atomic. Like that, it begins with T().
template <typename T>
class Atomic {
  using Cell = AtomicCell<Known<T>>;
  using Arithmetic = typename Cell::Arithmetic;

 public:
  Atomic() : cell_(T()) {}
  explicit Atomic(T v) : cell_(v) {}

  T load(std::memory_order order, HEDDLE_MODEL_SITE) const {
    return static_cast<T>(cell_.Load(order, at));
  }
  void store(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    cell_.Store(v, order, at);
  }
  T exchange(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    return static_cast<T>(cell_.Exchange(v, order, at));
  }
  T fetch_add(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    return cell_.Fetch(Arithmetic::kAdd, v, order, at);
  }
  T fetch_sub(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    return cell_.Fetch(Arithmetic::kSub, v, order, at);
  }
  T fetch_or(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    return cell_.Fetch(Arithmetic::kOr, v, order, at);
  }
  T fetch_and(T v, std::memory_order order, HEDDLE_MODEL_SITE) {
    return cell_.Fetch(Arithmetic::kAnd, v, order, at);
  }
  bool compare_exchange_strong(T& expected, T desired,
                               std::memory_order success,
                               std::memory_order failure, HEDDLE_MODEL_SITE) {
    Known<T> value = expected;
    const bool done =
        cell_.CompareExchange(value, desired, success, failure, at);
    expected = static_cast<T>(value);
    return done;
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

  // futex(2), a full fence in either: waits if the value is `value`, and may
  // wake for no reason; true if the time was over, whenever the checker likes.
  bool FutexWait(T value, bool is_timed, HEDDLE_MODEL_SITE) {
    return cell_.FutexWait(value, is_timed, at);
  }
  void FutexWake(int n, HEDDLE_MODEL_SITE) { cell_.FutexWake(n, at); }

 private:
  mutable Cell cell_;
};

void Fence(std::memory_order order, HEDDLE_MODEL_SITE);

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
  explicit Var(T v) : cell_(v) {}
  T Get(HEDDLE_MODEL_SITE) const { return static_cast<T>(cell_.Get(at)); }
  void Set(T v, HEDDLE_MODEL_SITE) { cell_.Set(v, at); }
  // For code that takes it for a T.
  // NOLINTNEXTLINE(google-explicit-constructor)
  operator T() const { return Get({"", "", 0}); }
  Var& operator=(T v) {
    Set(v, {"", "", 0});
    return *this;
  }
  Var& operator=(const Var& v) { return *this = static_cast<T>(v); }

 private:
  VarCell<Known<T>> cell_;
};

// A mutex, for what the product guards by a lock.
class Lock {
 public:
  Lock();
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  void Acquire(HEDDLE_MODEL_SITE);
  void Release(HEDDLE_MODEL_SITE);

 private:
  alignas(8) std::byte bytes_[24];
};

// Where one thread waits for another, as on a note.
class Event {
 public:
  Event();
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void Set(HEDDLE_MODEL_SITE);
  void Wait(HEDDLE_MODEL_SITE);

 private:
  alignas(8) std::byte bytes_[24];
};

// A property of the model. To be used in its threads and in After().
void Require(bool holds, const char* what, HEDDLE_MODEL_SITE);

// Whether a mutation leaves out the step of the model that follows: a kCall,
// in the function that asks.
bool LeftOut(HEDDLE_MODEL_SITE);

// Lets the others go first, in a loop that waits for them.
void Yield(HEDDLE_MODEL_SITE);

// A choice of the checker's: every number below `limit`.
unsigned Rand(unsigned limit);

// The thread that asks: its `index`.
unsigned Self();

// ---- Models ----

// What Suite is, for model.cc.
class AnySuite {
 public:
  virtual ~AnySuite() = default;
  // Before all threads, and after all of them.
  virtual void Before() {}
  virtual void After() {}
  virtual void Thread(unsigned index) = 0;
};

// A model of so many threads. It is made anew for each execution.
template <int kThreadCount>
class Suite : public AnySuite {
 public:
  // For each number, model.cc has relacy's code of three searches.
  static_assert(kThreadCount >= 2 && kThreadCount <= 4,
                "add the number of threads to Run in model.cc");
  static constexpr int kThreads = kThreadCount;
};

// How to make one.
struct Maker {
  int threads;
  size_t size;
  size_t alignment;
  AnySuite* (*make)(void* memory);
};

// ---- Searches ----

struct Search {
  enum class Kind { kFull, kBound, kRandom };
  Kind kind;
  uint64_t limit;  // kRandom: executions. kBound: preemptions
};
// Every execution, with at most one stale value to choose for each load.
inline Search Full() { return {Search::Kind::kFull, 0}; }
// Every execution with at most `n` preemptions.
inline Search Bound(uint64_t n) { return {Search::Kind::kBound, n}; }
// `n` executions by chance, with two stale values to choose.
inline Search Random(uint64_t n) { return {Search::Kind::kRandom, n}; }

struct Outcome {
  // An execution failed: by a property, a race for a Var, a look at what is not
  // there yet, or a deadlock. Not by a mistake in the model.
  bool is_caught;
  bool is_clean;  // none failed
  const char* result;
  uint64_t executions;
  uint64_t mutated;   // operations
  std::string story;  // of the execution that failed
};

// Runs the model with the mutation, if any.
Outcome Run(const Maker& maker, const Search& search, const Mutation* mutation);

template <typename T>
Outcome Run(const Search& search, const Mutation* mutation = nullptr) {
  static constexpr Maker kMaker = {
      T::kThreads, sizeof(T), alignof(T),
      [](void* memory) -> AnySuite* { return new (memory) T; }};
  return Run(kMaker, search, mutation);
}

// gtest's predicate: no execution fails.
#define EXPECT_CLEAN(suite, search)                                           \
  do {                                                                        \
    const ::heddle::model::Outcome o = ::heddle::model::Run<suite>(search);   \
    EXPECT_TRUE(o.is_clean) << #suite ", " #search ": " << o.result << "\n"   \
                            << o.story;                                       \
    ::testing::Test::RecordProperty(#search, std::to_string(o.executions));   \
    std::cout << #suite ", " #search ": " << o.executions << " executions\n"; \
  } while (false)

// An execution fails, in one of the ways of Outcome::is_caught.
#define EXPECT_CAUGHT(suite, search, ...)                                 \
  do {                                                                    \
    const ::heddle::model::Mutation m = __VA_ARGS__;                      \
    const ::heddle::model::Outcome o =                                    \
        ::heddle::model::Run<suite>(search, &m);                          \
    EXPECT_GT(o.mutated, 0u) << m.what << ": there is no such operation"; \
    EXPECT_TRUE(o.is_caught) << m.what << " is not caught: " << o.result; \
    std::cout << #suite ": " << m.what << ": execution " << o.executions  \
              << ", " << o.result << "\n";                                \
  } while (false)

}  // namespace heddle::model

#endif  // TESTING_MODEL_MODEL_H_
