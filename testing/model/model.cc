#include "heddle/testing/model/model.h"

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <ostream>
#include <streambuf>
#include <string>
#include <type_traits>

#include "absl/base/attributes.h"

// Not relacy.hpp: that also defines new, errno, Sleep and a hundred other
// words.
// By <> they are system headers, whose warnings nobody here answers for.
// clang-format off: the order matters
#define switch_to_fiber relacy_switch_to_fiber
#include <relacy/platform.hpp>
#undef switch_to_fiber

// At each access relacy chooses the thread that runs next. Mostly it chooses
// the thread that runs already. Its own function would save all registers and
// jump even then, which took a third of a search's time.
inline void switch_to_fiber(fiber_t& to, fiber_t& from) {
  if (&to != &from) relacy_switch_to_fiber(to, from);
}

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
namespace {

// The mutation in force, and how often it was met.
const Mutation* current_mutation = nullptr;
uint64_t mutated = 0;

// Whether `at` is in function `name`. g++ adds a template's arguments.
bool IsIn(const Site& at, const char* name) {
  const size_t n = std::strlen(name);
  return std::strncmp(at.function, name, n) == 0 &&
         (at.function[n] == '\0' || at.function[n] == '<');
}

// Whether the mutation in force, of which there is one, is of this operation.
ABSL_ATTRIBUTE_NOINLINE bool Meets(const Site& at, Op op,
                                   std::memory_order order) {
  const Mutation& m = *current_mutation;
  if (m.op != op || m.order != order || !IsIn(at, m.function)) return false;
  mutated++;
  return true;
}

// Inline, for each access asks: a search without a mutation is the long one.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline bool IsMutated(const Site& at, Op op,
                                                   std::memory_order order) {
  return current_mutation != nullptr && Meets(at, op, order);
}

rl::memory_order RlOrder(std::memory_order order) {
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

// What a store in the place of a compare-exchange has of its order.
rl::memory_order StoreOrder(std::memory_order order) {
  switch (order) {
    case std::memory_order_acquire:
      return rl::mo_relaxed;
    case std::memory_order_acq_rel:
      return rl::mo_release;
    default:
      return RlOrder(order);
  }
}

// The order of an operation, which a mutation may have weakened.
rl::memory_order OrderOf(const Site& at, Op op, std::memory_order order) {
  if (IsMutated(at, op, order) &&
      current_mutation->kind == Mutation::Kind::kWeaken) {
    order = current_mutation->to;
  }
  return RlOrder(order);
}

rl::debug_info Info(const Site& at) {
  return {at.function, at.file, static_cast<unsigned>(at.line)};
}

// What is in a cell.
template <typename Impl, size_t kSize>
Impl& In(std::byte (&bytes)[kSize]) {
  static_assert(kSize >= sizeof(Impl), "model.h gives the cell too few bytes");
  static_assert(alignof(Impl) <= 8);
  return *std::launder(reinterpret_cast<Impl*>(bytes));
}

}  // namespace

bool Mutates(const Site& at, Op op, std::memory_order order) {
  return IsMutated(at, op, order);
}

// ---- AtomicCell ----

template <typename T>
AtomicCell<T>::AtomicCell(T v) {
  new (bytes_) rl::atomic<T>(v);
}

template <typename T>
AtomicCell<T>::~AtomicCell() {
  std::destroy_at(&In<rl::atomic<T>>(bytes_));
}

template <typename T>
T AtomicCell<T>::Load(std::memory_order order, const Site& at) {
  if (IsMutated(at, Op::kLoad, order)) {
    if (current_mutation->kind == Mutation::Kind::kAnswer) {
      if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<T>(current_mutation->answer);
      } else {
        return static_cast<T>(current_mutation->answer);
      }
    }
    order = current_mutation->to;
  }
  return In<rl::atomic<T>>(bytes_).load(RlOrder(order), Info(at));
}

template <typename T>
void AtomicCell<T>::Store(T v, std::memory_order order, const Site& at) {
  In<rl::atomic<T>>(bytes_).store(v, OrderOf(at, Op::kStore, order), Info(at));
}

template <typename T>
T AtomicCell<T>::Exchange(T v, std::memory_order order, const Site& at) {
  return In<rl::atomic<T>>(bytes_).exchange(
      v, OrderOf(at, Op::kExchange, order), Info(at));
}

template <typename T>
T AtomicCell<T>::Fetch(Arithmetic how, T v, std::memory_order order,
                       const Site& at) {
  if constexpr (std::is_pointer_v<T>) {
    std::abort();  // no code of ours counts with pointers
  } else {
    auto& impl = In<rl::atomic<T>>(bytes_);
    const rl::memory_order mo = OrderOf(at, Op::kFetch, order);
    switch (how) {
      case Arithmetic::kAdd:
        return impl.fetch_add(v, mo, Info(at));
      case Arithmetic::kSub:
        return impl.fetch_sub(v, mo, Info(at));
      case Arithmetic::kOr:
        return impl.fetch_or(v, mo, Info(at));
      case Arithmetic::kAnd:
        return impl.fetch_and(v, mo, Info(at));
    }
    return v;
  }
}

template <typename T>
bool AtomicCell<T>::CompareExchange(T& expected, T desired,
                                    std::memory_order success,
                                    std::memory_order failure, const Site& at) {
  auto& impl = In<rl::atomic<T>>(bytes_);
  rl::memory_order order = RlOrder(success);
  if (IsMutated(at, Op::kCas, success)) {
    if (current_mutation->kind == Mutation::Kind::kBlindly) {
      impl.store(desired, StoreOrder(success), Info(at));
      return true;
    }
    order = RlOrder(current_mutation->to);
  }
  return impl.compare_exchange_strong(
      expected, desired, order, Info(at),
      order == rl::mo_relaxed ? rl::mo_relaxed : RlOrder(failure), Info(at));
}

// The kernel's lock makes both of futex(2)'s a full fence.
template <typename T>
bool AtomicCell<T>::FutexWait(T value, bool is_timed, const Site& at) {
  auto& impl = In<rl::atomic<T>>(bytes_);
  rl::context& c = rl::ctx();
  rl::atomic_thread_fence(rl::mo_seq_cst, Info(at));
  {
    // The kernel has the lock from its look at the word to the queueing.
    rl::preemption_disabler locked(c);
    if (impl.load(rl::mo_relaxed, Info(at)) != value) return false;
  }
  return impl.wait(c, is_timed, /*allow_spurious_wakeup=*/true, Info(at)) ==
         rl::unpark_reason_timeout;
}

template <typename T>
void AtomicCell<T>::FutexWake(int n, const Site& at) {
  rl::atomic_thread_fence(rl::mo_seq_cst, Info(at));
  In<rl::atomic<T>>(bytes_).wake(rl::ctx(), n, Info(at));
}

template class AtomicCell<int32_t>;
template class AtomicCell<uint32_t>;
template class AtomicCell<uint64_t>;
template class AtomicCell<void*>;

// ---- VarCell ----

template <typename T>
VarCell<T>::VarCell() {
  new (bytes_) rl::var<T>();
}

template <typename T>
VarCell<T>::VarCell(T v) {
  new (bytes_) rl::var<T>(v);
}

template <typename T>
VarCell<T>::~VarCell() {
  std::destroy_at(&In<rl::var<T>>(bytes_));
}

template <typename T>
T VarCell<T>::Get(const Site& at) const {
  auto& bytes = const_cast<VarCell*>(this)->bytes_;
  return In<rl::var<T>>(bytes)(Info(at)).load();
}

template <typename T>
void VarCell<T>::Set(T v, const Site& at) {
  In<rl::var<T>>(bytes_)(Info(at)).store(v);
}

template class VarCell<bool>;
template class VarCell<int32_t>;
template class VarCell<uint32_t>;
template class VarCell<void*>;

// ---- Lock, Event, and what has no state ----

Lock::Lock() { new (bytes_) rl::mutex; }
Lock::~Lock() { std::destroy_at(&In<rl::mutex>(bytes_)); }
void Lock::Acquire(Site at) { In<rl::mutex>(bytes_).lock(Info(at)); }
void Lock::Release(Site at) { In<rl::mutex>(bytes_).unlock(Info(at)); }

Event::Event() {
  auto* const event = new (bytes_) rl::generic_event;
  event->init(/*manual_reset=*/false, /*initial_state=*/false,
              rl::debug_info());
}
Event::~Event() {
  auto& event = In<rl::generic_event>(bytes_);
  event.deinit(rl::debug_info());
  std::destroy_at(&event);
}
void Event::Set(Site at) { In<rl::generic_event>(bytes_).set(Info(at)); }
void Event::Wait(Site at) {
  In<rl::generic_event>(bytes_).wait(/*try_wait=*/false, /*is_timed=*/false,
                                     Info(at));
}

void Fence(std::memory_order order, Site at) {
  if (IsMutated(at, Op::kFence, order)) {
    if (current_mutation->kind == Mutation::Kind::kDrop) return;
    order = current_mutation->to;
  }
  rl::atomic_thread_fence(RlOrder(order), Info(at));
}

void Require(bool holds, const char* what, Site at) {
  if (holds) return;
  rl::ctx().fail_test(what, rl::test_result_user_assert_failed, Info(at));
}

bool LeftOut(Site at) {
  return IsMutated(at, Op::kCall, std::memory_order_seq_cst);
}

void Yield(Site at) { rl::ctx().yield(1, Info(at)); }

unsigned Rand(unsigned limit) { return rl::rand(limit); }

unsigned Self() { return static_cast<unsigned>(rl::ctx().threadx_->index_); }

// ---- Run ----

namespace {

// How and where the model that runs is made.
const Maker* current_maker = nullptr;
void* current_memory = nullptr;

// Any model of so many threads, as relacy sees it.
template <int kThreads>
struct Shell : rl::test_suite<Shell<kThreads>, kThreads> {
  Shell() : suite(current_maker->make(current_memory)) {}
  ~Shell() { std::destroy_at(suite); }
  void before() { suite->Before(); }
  void after() { suite->After(); }
  void thread(unsigned index) { suite->Thread(index); }

  AnySuite* const suite;
};

// Relacy's words. While it runs, what is allocated is the model's: a
// std::ostringstream would give back what it had before.
class Words : public std::streambuf {
 public:
  Words() : text_(new char[kSize]) { setp(text_.get(), text_.get() + kSize); }
  // The threads' story in one, without relacy's name for the model before it;
  // relacy then repeats it thread by thread.
  std::string Text() const {
    const std::string text(pbase(), pptr());
    const size_t begin = text.find('\n') + 1;
    return text.substr(begin, text.find("\nthread 0:") - begin);
  }

 private:
  static constexpr size_t kSize = 1 << 20;  // the rest is cut off
  std::unique_ptr<char[]> text_;
};

rl::scheduler_type_e Scheduler(Search::Kind kind) {
  switch (kind) {
    case Search::Kind::kFull:
      return rl::sched_full;
    case Search::Kind::kBound:
      return rl::sched_bound;
    case Search::Kind::kRandom:
      return rl::sched_random;
  }
  return rl::sched_full;
}

}  // namespace

Outcome Run(const Maker& maker, const Search& search,
            const Mutation* mutation) {
  rl::test_params params;
  Words words;
  std::ostream out(&words);
  std::ostream progress(nullptr);
  params.output_stream = &out;
  params.progress_stream = &progress;
  params.search_type = Scheduler(search.kind);
  params.iteration_count = search.limit;
  params.context_bound = static_cast<unsigned>(search.limit);
  const auto alignment = static_cast<std::align_val_t>(maker.alignment);
  current_memory = ::operator new(maker.size, alignment);
  current_maker = &maker;
  current_mutation = mutation;
  mutated = 0;
  switch (maker.threads) {
    case 2:
      rl::simulate<Shell<2>>(params);
      break;
    case 3:
      rl::simulate<Shell<3>>(params);
      break;
    case 4:
      rl::simulate<Shell<4>>(params);
      break;
    default:
      std::abort();
  }
  current_mutation = nullptr;
  ::operator delete(current_memory, alignment);
  const rl::test_result_e result = params.test_result;
  return {result == rl::test_result_user_assert_failed ||
              result == rl::test_result_data_race ||
              result == rl::test_result_unitialized_access ||
              result == rl::test_result_deadlock,
          result == rl::test_result_success,
          rl::test_result_str(result),
          params.stop_iteration,
          mutated,
          words.Text()};
}

}  // namespace heddle::model
