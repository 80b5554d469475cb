#include "heddle/runtime/sched/sched_ref.h"

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/fork.h"
#include "heddle/runtime/sched/kept.h"
#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::sched {
namespace {

constinit Kept<Door> doors;

[[gnu::constructor]] void UnlockAtFork() {
  os::AtFork([] { doors.UnlockInChild(); });
}

}  // namespace

SchedRef Door::OpenFor(Sched* sched) {
  Door* const door = doors.Take();
  door->sched_ = sched;
  // Relaxed: its number was given to nobody yet.
  return {door, door->word_.load(std::memory_order_relaxed) >> kNumberShift};
}

void Door::AwaitNobody(SchedRef ref) {
  // Acquire: pairs with the release in ~Visit.
  while ((ref.door->word_.load(std::memory_order_acquire) & kVisitors) != 0) {
    os::OsYield();
  }
}

void Door::Close(SchedRef ref) {
  ref.door->word_.fetch_add(uint64_t{1} << kNumberShift,
                            std::memory_order_acq_rel);
  AwaitNobody(ref);
  doors.PutBack(ref.door);
}

Visit::Visit(SchedRef ref) {
  if (!ref) return;
  // Acquire: pairs with the release in Close. A visitor that comes after the
  // end sees it.
  const uint64_t was = ref.door->word_.fetch_add(1, std::memory_order_acq_rel);
  if (was >> Door::kNumberShift == ref.number) {
    door_ = ref.door;
    sched_ = ref.door->sched_;
  } else {
    ref.door->word_.fetch_sub(1, std::memory_order_release);
  }
}

Visit::Visit(Sched* alive, const M* mp) {
  if (mp != nullptr && mp->sched == alive) return;
  const SchedRef ref = alive->ref;
  const uint64_t was = ref.door->word_.fetch_add(1, std::memory_order_acq_rel);
  if (was >> Door::kNumberShift != ref.number) {
    base::Throw(
        "heddle: a goroutine was started on a runtime that has ended, or woken "
        "there");
  }
  door_ = ref.door;
  sched_ = alive;
}

Visit::~Visit() {
  // Release: pairs with the acquire in AwaitNobody.
  if (door_ != nullptr) {
    door_->word_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace heddle::sched
