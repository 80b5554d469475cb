// Uses everything that heddle.h and testing/leak_check.h declare, so that the
// compilers look into their templates. headers_test compiles it, with the
// strictest warnings; nobody runs it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "heddle/heddle.h"
#include "heddle/testing/leak_check.h"

namespace {

// Kinds of values: with and without each of what a channel makes use of.
struct Point {
  double x = 0;
  float y = 0;
};
struct NoDefault {
  explicit NoDefault(int n) : text(static_cast<size_t>(n), 'x') {}
  std::string text;
};
struct alignas(64) Aligned {
  char bytes[64] = {};
};
enum class Colour : uint8_t { kRed, kBlue };

void Function() {}

template <typename T>
void UseChan(T (*make)()) {
  const heddle::Chan<T> ch(size_t{4});
  heddle::Chan<T> other = heddle::Chan<T>::Nil();
  other = ch;
  heddle::Chan<T> moved = std::move(other);
  moved.Send(make());
  if (!moved.TrySend(make())) return;
  if constexpr (std::is_copy_constructible_v<T>) {
    const T value = make();
    if (!moved.TrySend(value)) return;
  }
  std::optional<T> got = ch.Recv();
  got = ch.TryRecv();
  T out = make();
  bool ok = ch.Recv(&out);
  if (ch.closed() || ch.len() == ch.cap() || !(moved == ch) || !ok) return;
  for (T value : ch) out = std::move(value);

  switch (heddle::Select(heddle::RecvFrom(ch), heddle::RecvFrom(ch, &out),
                         heddle::RecvFrom(ch, &out, &ok),
                         heddle::SendTo(ch, make()), heddle::Default())) {
    case 0:
      break;
    default:
      break;
  }
  static_cast<void>(heddle::Select(heddle::RecvFrom(ch)));
  std::vector<heddle::SelectCase> cases;
  cases.push_back(heddle::RecvFrom(ch, &out, &ok));
  cases.push_back(heddle::SendTo(ch, make()));
  cases.push_back(heddle::Default());
  std::swap(cases[0], cases[1]);
  static_cast<void>(heddle::Select(absl::MakeSpan(cases)));
  ch.Close();
}

void UseChans() {
  UseChan<int>([] { return 1; });
  UseChan<bool>([] { return true; });
  UseChan<char>([] { return 'x'; });
  UseChan<uint16_t>([] { return uint16_t{1}; });
  UseChan<int64_t>([] { return int64_t{1}; });
  UseChan<double>([] { return 1.0; });
  UseChan<const char*>([] { return "x"; });
  UseChan<Colour>([] { return Colour::kRed; });
  UseChan<Point>([] { return Point{}; });
  UseChan<Aligned>([] { return Aligned{}; });
  UseChan<NoDefault>([] { return NoDefault(1); });
  UseChan<std::monostate>([] { return std::monostate{}; });
  UseChan<std::string>([] { return std::string("x"); });
  UseChan<std::unique_ptr<int>>([] { return std::make_unique<int>(1); });
  UseChan<std::function<void()>>(
      [] { return std::function<void()>(Function); });
  UseChan<heddle::Chan<int>>([] { return heddle::Chan<int>(); });
  UseChan<std::optional<std::vector<int>>>(
      [] { return std::optional<std::vector<int>>(); });
}

// `start` is one of the functions that start a goroutine.
template <typename Start>
void StartAll(Start start) {
  auto owned = std::make_unique<int>(1);
  const std::string text = "x";
  const auto lambda = [] {};
  std::function<void()> function = Function;
  absl::AnyInvocable<void()> any = Function;
  start(Function);
  start(&Function);
  start([] {});
  start(lambda);
  start([&text] { return text.size(); });
  start([text, n = 1]() mutable { n++; });
  start([owned = std::move(owned)] { return *owned; });
  start([big = Aligned()] { return big.bytes[0]; });
  start(function);
  start(std::move(function));
  start(std::move(any));
  start(std::bind(Function));
}

void UseGoroutines() {
  const heddle::GoOptions options = {
      .stack_size = size_t{16} << 10, .name = "x", .system = true};
  StartAll([](auto&& f) { heddle::Go(std::forward<decltype(f)>(f)); });
  StartAll([&options](auto&& f) {
    heddle::Go(options, std::forward<decltype(f)>(f));
  });
  heddle::Yield();
  static_cast<void>(heddle::GoId() + heddle::ParentGoId());
  static_cast<void>(heddle::NumGoroutine() + heddle::NumCpu());
  static_cast<void>(heddle::GoMaxProcs(0));
  static_cast<void>(heddle::StartingStackSize(0));
  heddle::LockOsThread();
  heddle::UnlockOsThread();
  heddle::Blocking([] {});
  const std::string text = heddle::Blocking([] { return std::string("x"); });
  const std::string* const same = heddle::Blocking([&text] { return &text; });
  heddle::Labels labels = heddle::GetLabels();
  labels = labels.With({{"name", *same}, {"other", "value"}});
  const std::optional<std::string_view> found = labels.Find("name");
  for (const auto& [name, value] : labels) {
    if (found.has_value() && name == value && labels.empty()) return;
  }
  if (labels.size() == 2 && labels == heddle::GetLabels()) {
    heddle::SetLabels(std::move(labels));
  }
#ifdef __cpp_exceptions
  heddle::Goexit();
#endif
}

void UseRuntime() {
  heddle::Options options = {.procs = 2, .seed = 1};
  options.on_main_return = heddle::OnMainReturn::kAbandon;
  options.deadlock = heddle::DeadlockCheck::kNever;
  heddle::Runtime runtime(options);
  runtime.Run(Function);
  runtime.Run([] { return 1; });
  runtime.Run([owned = std::make_unique<int>(1)] {});
  StartAll([&runtime](auto&& f) { runtime.Go(std::forward<decltype(f)>(f)); });
  StartAll([&runtime](auto&& f) {
    runtime.Go({.name = "x"}, std::forward<decltype(f)>(f));
  });
  runtime.FreeOsMemory();
  const heddle::debug::Stats stats = runtime.ReadStats();
  static_cast<void>(stats.time_to_run.Quantile(0.99));
  heddle::Run(Function);
  heddle::Run(options, [] { return 1; });
}

void UseLocks() {
  heddle::Mutex mutex;
  mutex.Lock();
  mutex.Unlock();
  if (mutex.TryLock()) mutex.Unlock();
  { const std::lock_guard<heddle::Mutex> lock(mutex); }
  heddle::RWMutex rw_mutex;
  { const std::scoped_lock lock(mutex, rw_mutex); }
  { const std::shared_lock<heddle::RWMutex> lock(rw_mutex); }
  rw_mutex.RLock();
  rw_mutex.RUnlock();
  if (rw_mutex.TryRLock()) rw_mutex.RUnlock();
  if (rw_mutex.TryLock()) rw_mutex.Unlock();
  rw_mutex.Lock();
  rw_mutex.Unlock();
  heddle::Cond cond(&mutex);
  heddle::Cond bare;
  std::unique_lock<heddle::Mutex> lock(mutex);
  cond.Wait();
  bare.Wait(lock);
  bare.Wait(lock, [] { return true; });
  cond.Signal();
  cond.Broadcast();
  heddle::Once once;
  once.Do(Function);
  once.Do([] {});
  heddle::Semaphore semaphore(1);
  semaphore.Acquire();
  semaphore.Release();
  semaphore.acquire();
  semaphore.release();
  if (semaphore.TryAcquire(2)) semaphore.Release(2);
  if (semaphore.try_acquire()) semaphore.release(1);
  heddle::WaitGroup wait_group;
  wait_group.Add(1);
  wait_group.Done();
  StartAll(
      [&wait_group](auto&& f) { wait_group.Go(std::forward<decltype(f)>(f)); });
  wait_group.Wait();
}

void UseTime() {
  heddle::Sleep(absl::Milliseconds(1));
  heddle::Timer timer(absl::Seconds(1));
  if (timer.Stop() && timer.Reset(absl::Seconds(1))) timer.C().Recv();
  heddle::AfterFunc(absl::Seconds(1), Function).Stop();
  heddle::After(absl::Seconds(1)).Recv();
  heddle::Ticker ticker(absl::Seconds(1));
  for (absl::Time now : ticker.C()) {
    if (now == absl::InfiniteFuture()) break;
  }
  ticker.Reset(absl::Seconds(2));
  ticker.Stop();
}

void UseContexts() {
  const heddle::Context root = heddle::Context::Background();
  auto [one, cancel] = heddle::WithCancel(root);
  auto [two, cancel_two] = heddle::WithDeadline(one, absl::InfiniteFuture());
  auto [three, cancel_three] = heddle::WithTimeout(two, absl::Seconds(1));
  const heddle::Context four = heddle::WithValue(three, std::string("x"));
  const heddle::Context five = heddle::WithValue(four, Point());
  const std::string* const text = five.Value<std::string>();
  if (text == nullptr || five.Value<const Point>() == nullptr) return;
  static_cast<void>(five.Err().ok() && five.Cause().ok());
  static_cast<void>(five.Deadline().has_value());
  heddle::Select(heddle::RecvFrom(five.Done()), heddle::Default());
  cancel();
  cancel_two(absl::CancelledError("x"));

  heddle::TaskGroup group(five);
  group.SetLimit(2);
  StartAll([&group](auto&& f) {
    using F = std::decay_t<decltype(f)>;
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      group.Go(std::forward<decltype(f)>(f));
    }
  });
  group.Go([] { return absl::OkStatus(); });
  if (group.TryGo([] {}) && group.context().Err().ok()) {
    static_cast<void>(group.Wait());
  }
}

void UseReports() {
  std::string text = heddle::debug::Stack() + heddle::debug::AllStacks();
  for (const heddle::debug::GoroutineInfo& info :
       heddle::debug::AllGoroutines()) {
    text += info.name + info.state + info.stack;
  }
  const heddle::debug::Stats stats = heddle::debug::ReadStats();
  if (stats.goroutines == 1 && text.empty()) heddle::debug::FreeOsMemory();
  if (heddle::debug::HeldLocksChecked()) {
    heddle::debug::SetHeldLockHandler(heddle::debug::HeldLockIsFatal);
  }
  heddle::testing::LeakCheck check(absl::Seconds(1));
  static_cast<void>(check.Leaked().size());
  heddle::testing::ExpectNoGoroutineLeaks(Function);
}

}  // namespace

// So that nothing here is unused.
void UseAll();
void UseAll() {
  UseChans();
  UseGoroutines();
  UseRuntime();
  UseLocks();
  UseTime();
  UseContexts();
  UseReports();
}
