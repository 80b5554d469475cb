#include "heddle/runtime/labels.h"

#include <utility>

#include "heddle/runtime/sched/m.h"
#include "heddle/runtime/sched/race.h"

namespace heddle {

void SetLabels(Labels labels) {
  sched::G* gp = sched::Curg();
  const sched::RaceScope not_looked_at;
  if (gp != nullptr) gp->labels = std::move(labels);
}

Labels GetLabels() {
  const sched::G* gp = sched::Curg();
  return gp == nullptr ? Labels() : gp->labels;
}

}  // namespace heddle
