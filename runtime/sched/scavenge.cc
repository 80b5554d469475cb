#include "heddle/runtime/sched/scavenge.h"

#include <algorithm>
#include <cstdint>

#include "absl/algorithm/container.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sched/freeze.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::sched {
namespace {

constexpr int64_t kPeriodNs = 1'000'000'000;
// For how long a step works, and when the next one comes at the soonest.
constexpr int64_t kStepNs = 1'000'000;
constexpr int64_t kPauseNs = 5'000'000;
// How many at a time, between two looks at the clock.
constexpr size_t kStacks = 16;
constexpr int32_t kGs = 4096;
constexpr int kQuietPeriods = 2;

constexpr GFreeKind kWithStacks[] = {kGFreeStarting, kGFreeSmall};

bool HasStacks(const IdleGs& idle) {
  return absl::c_any_of(kWithStacks,
                        [&idle](GFreeKind kind) { return idle.of[kind] > 0; });
}

}  // namespace

bool Scavenger::Step(int64_t now, bool busy) {
  if (busy) quiet_periods_ = 0;
  // What a program leaves when it becomes idle is found by the second mark.
  const bool pending = quiet_periods_ <= kQuietPeriods;
  if (now < next_step_) return pending;
  if (!HasStacks(idle_) && pools_done_ && now >= next_period_) {
    next_period_ = now + kPeriodNs;
    idle_ = MarkIdle(&sched_->gfree);
    sched_->stackpool->MarkIdle();
    pools_done_ = false;
    quiet_periods_++;
  }
  const int64_t end = now + kStepNs;
  // Reports look at Gs, and at their stacks.
  for (const GFreeKind kind : kWithStacks) {
    int32_t& idle = idle_.of[kind];
    while (idle > 0 && !Frozen() && os::Nanotime() < end) {
      const int32_t n =
          FreeStacks(&sched_->gfree, kind, sched_->stackpool.get(), idle);
      idle = n == 0 ? 0 : idle - n;
      quiet_periods_ = 0;
    }
  }
  int32_t& idle_gs = idle_.of[kGFreeNoStack];
  while (idle_gs > 0 && !Frozen() && os::Nanotime() < end) {
    const int32_t n = FreeGs(&sched_->gfree, std::min(idle_gs, kGs));
    idle_gs = n == 0 ? 0 : idle_gs - n;
    if (n != 0) quiet_periods_ = 0;
  }
  while (!HasStacks(idle_) && !pools_done_ && os::Nanotime() < end) {
    pools_done_ = sched_->stackpool->Return(kStacks) == 0;
    if (!pools_done_) quiet_periods_ = 0;
  }
  next_step_ = now + kPauseNs;
  return pending;
}

void FreeOsMemory(Sched* sched) {
  M* mp = Acquirem();
  if (P* pp = CurrentP(sched, mp); pp != nullptr) {
    GfPurge(&pp->gfree, &sched->gfree);
    pp->stackcache.Flush(sched->stackpool.get());
  }
  Releasem(mp);
  for (const GFreeKind kind : kWithStacks) {
    do {
      while (Frozen()) WaitForThaw();
    } while (
        FreeStacks(&sched->gfree, kind, sched->stackpool.get(), INT32_MAX) > 0);
  }
  sched->stackpool->ReturnAll();
  FreeGs(&sched->gfree, INT32_MAX);
}

}  // namespace heddle::sched
