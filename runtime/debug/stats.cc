#include "runtime/debug/stats.h"

#include "runtime/sched/m.h"

namespace heddle::debug {

Stats ReadStats() {
  const sched::G* gp = sched::Getg();
  return gp == nullptr ? Stats() : sched::ReadStats(gp->m->sched);
}

}  // namespace heddle::debug
