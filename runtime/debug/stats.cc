#include "runtime/debug/stats.h"

#include "runtime/sched/m.h"
#include "runtime/sched/scavenge.h"

namespace heddle::debug {

Stats ReadStats() {
  const sched::G* gp = sched::Getg();
  return gp == nullptr ? Stats() : sched::ReadStats(gp->m->sched);
}

void FreeOsMemory() {
  const sched::G* gp = sched::Getg();
  if (gp != nullptr) sched::FreeOsMemory(gp->m->sched);
}

}  // namespace heddle::debug
