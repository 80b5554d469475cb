#include "heddle/runtime/time/time.h"

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/func_val.h"
#include "heddle/runtime/sched/newproc.h"
#include "heddle/runtime/sched/race.h"
#include "heddle/runtime/sched/timers.h"
#include "heddle/runtime/time/nanos.h"

namespace heddle {
namespace {

using time_internal::NanosUp;

// The runtime of the calling thread; null on a plain thread.
sched::SchedRef CurrentRuntime() {
  const sched::G* gp = sched::Getg();
  return gp != nullptr ? gp->home->ref : sched::SchedRef();
}

// Sends the time, if there is room.
struct ChanTimer : sched::Timer {
  explicit ChanTimer(Chan<absl::Time> c)
      : sched::Timer(CurrentRuntime(), Fire, Destroy), c(std::move(c)) {}

  static void Fire(sched::Timer* t, sched::Sched* /*sched*/, int64_t /*now*/) {
    // What came before it was armed comes before the return of the receive.
    sched::RaceAcquire(t);
    try {
      static_cast<ChanTimer*>(t)->c.TrySend(
          absl::FromUnixNanos(os::Walltime()));
    } catch (const ClosedChannel&) {
      // By the program, which wants no more of them.
    }
    t->Unref();
  }
  static void Destroy(sched::Timer* t) { delete static_cast<ChanTimer*>(t); }

  const Chan<absl::Time> c;
};

// Calls a function.
struct FuncTimer : sched::Timer {
  FuncTimer(absl::AnyInvocable<void()> f, uintptr_t callerpc)
      : sched::Timer(CurrentRuntime(), Fire, Destroy),
        f(std::move(f)),
        callerpc(callerpc) {}

  // Has a reference.
  struct Call {
    explicit Call(FuncTimer* t) : t(t) {}
    Call(Call&& other) noexcept : t(std::exchange(other.t, nullptr)) {}
    Call& operator=(Call&&) = delete;
    ~Call() {
      if (t != nullptr) t->Unref();
    }
    void operator()() const {
      sched::RaceAcquire(t);  // released when it was armed
      t->f();
    }
    FuncTimer* t;
  };

  static void Fire(sched::Timer* t, sched::Sched* sched, int64_t /*now*/) {
    auto* timer = static_cast<FuncTimer*>(t);
    Call call(timer);
    if (sched != nullptr) {
      sched::NewProc(sched, sched::MakeFuncVal(std::move(call)), {},
                     timer->callerpc);
    } else {
      std::thread(std::move(call)).detach();
    }
  }
  static void Destroy(sched::Timer* t) { delete static_cast<FuncTimer*>(t); }

  absl::AnyInvocable<void()> f;
  const uintptr_t callerpc;
};

sched::Timer* Get(const std::shared_ptr<void>& timer) {
  return static_cast<sched::Timer*>(timer.get());
}

bool Arm(sched::Timer* timer, absl::Duration d) {
  const int64_t now = sched::TimeForTimers();
  return sched::ArmTimer(timer, sched::TimeAfter(now, NanosUp(d)), 0, now);
}

void ArmPeriodically(sched::Timer* timer, absl::Duration d) {
  const int64_t ns = NanosUp(d);
  const int64_t now = sched::TimeForTimers();
  sched::ArmTimer(timer, sched::TimeAfter(now, ns), ns, now);
}

std::shared_ptr<void> Own(sched::Timer* timer) {
  return {timer, [](sched::Timer* t) { t->Unref(); }};
}

}  // namespace

Timer::Timer(absl::Duration d) : c_(1) {
  sched::Timer* timer = new ChanTimer(c_);
  timer_ = Own(timer);
  Arm(timer, d);
}

bool Timer::Stop() { return sched::DisarmTimer(Get(timer_)); }

bool Timer::Reset(absl::Duration d) { return Arm(Get(timer_), d); }

Timer AfterFunc(absl::Duration d, absl::AnyInvocable<void()> f) {
  if (!f) base::FatalText("heddle::AfterFunc of nil func value");
  auto* timer = new FuncTimer(
      std::move(f), reinterpret_cast<uintptr_t>(__builtin_return_address(0)));
  Timer handle(Own(timer), Chan<absl::Time>::Nil());
  Arm(timer, d);
  return handle;
}

Chan<absl::Time> After(absl::Duration d) { return Timer(d).C(); }

Ticker::Ticker(absl::Duration d) {
  if (d <= absl::ZeroDuration()) {
    throw std::invalid_argument("heddle: non-positive interval for Ticker");
  }
  sched::Timer* timer = new ChanTimer(c_);
  timer_ = {timer, [](sched::Timer* t) {
              sched::DisarmTimer(t);
              t->Unref();
            }};
  ArmPeriodically(timer, d);
}

void Ticker::Stop() { sched::DisarmTimer(Get(timer_)); }

void Ticker::Reset(absl::Duration d) {
  if (d <= absl::ZeroDuration()) {
    throw std::invalid_argument(
        "heddle: non-positive interval for Ticker::Reset");
  }
  ArmPeriodically(Get(timer_), d);
}

}  // namespace heddle
