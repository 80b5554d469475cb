#include "runtime/labels.h"

#include <utility>

#include "runtime/sched/m.h"

namespace heddle {

void SetLabels(Labels labels) {
  sched::G* gp = sched::Curg();
  if (gp != nullptr) gp->labels = std::move(labels);
}

Labels GetLabels() {
  const sched::G* gp = sched::Curg();
  return gp == nullptr ? Labels() : gp->labels;
}

}  // namespace heddle
