#include "heddle/runtime/debug/stats.h"

#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/scavenge.h"

namespace heddle::debug {

Stats ReadStats() {
  const sched::M* mp = sched::Getm();
  return mp == nullptr ? Stats() : sched::ReadStats(mp->sched);
}

void FreeOsMemory() {
  const sched::M* mp = sched::Getm();
  if (mp != nullptr) sched::FreeOsMemory(mp->sched);
}

}  // namespace heddle::debug
