#include "heddle/runtime/sched/ancestors.h"

#include <algorithm>
#include <iterator>

#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/hooks.h"

namespace heddle::sched {
namespace {

// Room for the frames of the runtime below the go statement.
constexpr size_t kOwnFrames = 16;

std::vector<uintptr_t> Capture(uintptr_t callerpc) {
  uintptr_t pcs[kMaxAncestorFrames + kOwnFrames];
  uintptr_t* end = pcs + CaptureStack(pcs, std::size(pcs), 0);
  uintptr_t* begin = std::find(pcs, end, callerpc);
  if (begin == end) begin = pcs;
  if (static_cast<size_t>(end - begin) > kMaxAncestorFrames) {
    end = begin + kMaxAncestorFrames;
  }
  return {begin, end};
}

}  // namespace

std::shared_ptr<const Ancestors> SaveAncestors(const G* callergp,
                                               uintptr_t callerpc, int max) {
  // g0s have no number: theirs are threads, not goroutines.
  if (max <= 0 || callergp == nullptr || callergp->goid == 0) return nullptr;
  auto all = std::make_shared<Ancestors>();
  const Ancestors* before = callergp->ancestors();
  const size_t n = std::min(static_cast<size_t>(max),
                            1 + (before == nullptr ? 0 : before->size()));
  all->reserve(n);
  all->push_back(std::make_shared<const Ancestor>(
      Ancestor{callergp->goid, callergp->gopc, Capture(callerpc)}));
  if (before != nullptr) {
    all->insert(all->end(), before->begin(), before->begin() + (n - 1));
  }
  return all;
}

}  // namespace heddle::sched
