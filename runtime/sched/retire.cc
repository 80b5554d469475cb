#include "heddle/runtime/sched/retire.h"

#include "heddle/runtime/sched/locked_m.h"
#include "heddle/runtime/sched/m_lifecycle.h"

namespace heddle::sched {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

// For how long mp may be idle.
int64_t Patience(const Sched* sched, const M* mp) {
  constexpr int64_t kSteps = 16;
  const int64_t least = sched->options.thread_idle_ms * kNsPerMs;
  return least + least / 2 * (mp->id % kSteps) / kSteps;
}

bool TooMany(const Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock) {
  return sched->nmidle > 0 &&
         sched->nm - sched->nmsys >
             sched->gomaxprocs.load(std::memory_order_relaxed) + 1;
}

// The link to the M that has been idle longest; the thread that called Run
// belongs to the program. Null: there is none.
M** Oldest(Sched* sched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(sched->lock) {
  M** oldest = nullptr;
  for (M** link = &sched->midle; *link != nullptr; link = &(*link)->schedlink) {
    if (*link != sched->m0) oldest = link;
  }
  return oldest;
}

}  // namespace

bool RetireIdleM(Sched* sched, int64_t now) {
  if (sched->options.thread_idle_ms == 0) return false;
  bool more;
  M* mp = nullptr;
  {
    os::LockGuard guard(sched->lock);
    if (!TooMany(sched)) return false;
    M** const link = Oldest(sched);
    if (link == nullptr) return false;
    if (now - (*link)->idle_since >= Patience(sched, *link)) {
      mp = *link;
      *link = mp->schedlink;
      mp->schedlink = nullptr;
      sched->nmidle--;
      RiseFromIdle(mp);
      // As MExit: it counts no more, and is freed when its thread has ended.
      Retire(sched, mp);
      mp->leave = true;
    }
    more = TooMany(sched);
  }
  if (mp != nullptr) {
    mp->park.Wakeup();
  } else {
    FreeMs(sched, /*wait=*/false);
  }
  return more;
}

}  // namespace heddle::sched
