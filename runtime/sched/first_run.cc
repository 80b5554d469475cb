#include "heddle/runtime/sched/first_run.h"

#include <string_view>

#include "absl/status/statusor.h"
#include "heddle/runtime/base/inline.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sched/gfree.h"
#include "heddle/runtime/sched/switch.h"
#include "heddle/runtime/stack/canary.h"
#include "heddle/runtime/stack/stack_pool.h"

namespace heddle::sched {
namespace {

HEDDLE_INLINE void MakeContextOfBare(G* gp) {
  const auto modes = static_cast<arch::FpModes>(gp->sched.pc);
  gp->marks.Set(Marks::kBare, false);
  MakeContext(gp, FirstSp(gp->stack, 0, 1), modes);
}

}  // namespace

void GiveStack(Sched* sched, stack::StackCache* cache, G* gp, size_t size) {
  SystemStack([&] {
    absl::StatusOr<stack::Stack> got = sched->stackpool->Alloc(cache, size);
    if (!got.ok()) {
      const std::string_view why = got.status().message();
      base::PrintErr("runtime: %.*s\n", base::FormatSize(why), why.data());
      base::Throw("out of memory: no stack for a goroutine");
    }
    gp->stack = *got;
    gp->marks.Set(Marks::kCanary, sched->stackpool->NeedsCanary(size));
  });
}

void MakeContext(G* gp, uintptr_t sp, arch::FpModes modes) {
  if (gp->marks.canary()) stack::SetCanary(gp->stack);
  GoStartCallFn(gp, sp, modes);
}

void Furnish(M* mp, G* gp) {
  if (!gp->stack) {
    Sched* sched = mp->sched;
    const GFreeEnv env = FreeEnv(sched, mp->p);
    const size_t size = FirstSize(sched, gp);
    bool canary = false;
    if (GfKeeps(size, StartingSize(sched))) {
      gp->stack = GfTakeStack(env, size, &canary);
    }
    gp->marks.Set(Marks::kCanary, canary);
    if (!gp->stack) GiveStack(sched, env.cache, gp, size);
  }
  MakeContextOfBare(gp);
}

bool FurnishLocally(Sched* sched, P* pp, G* gp) {
  if (!gp->stack) {
    const size_t size = FirstSize(sched, gp);
    bool canary = false;
    gp->stack = GfTakeStackLocal(&pp->gfree, size, &canary);
    gp->marks.Set(Marks::kCanary, canary);
    if (!gp->stack) {
      gp->stack = stack::StackPool::AllocCached(&pp->stackcache, size);
      if (!gp->stack) return false;
      gp->marks.Set(Marks::kCanary, sched->stackpool->NeedsCanary(size));
    }
  }
  MakeContextOfBare(gp);
  return true;
}

}  // namespace heddle::sched
