// Nothing here allocates or locks: the error may be in the runtime itself.

#include "heddle/runtime/debug/asan_report.h"

#include <cinttypes>
#include <cstdint>
#include <string_view>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sanitizer/asan_error.h"
#include "heddle/runtime/sched/all_scheds.h"
#include "heddle/runtime/sched/freeze.h"
#include "heddle/runtime/sched/sched.h"

namespace heddle::debug {
namespace {

using sched::G;
using sched::GStatus;

// The goroutine of the calling thread, also if g0 works for it.
const G* CurrentG() {
  const G* gp = sched::Getg();
  const sched::M* mp = sched::Getm();
  return gp != nullptr && gp == &mp->g0 ? mp->curg : gp;
}

void PrintG(const G* gp) {
  base::PrintErr("goroutine %" PRIu64, sched::GoidOf(const_cast<G*>(gp)));
  if (const std::string_view name = gp->name(); !name.empty()) {
    base::PrintErr(" \"%.*s\"", base::FormatSize(name), name.data());
  }
}

struct Owner {
  const G* gp = nullptr;
  bool fake = false;
};

// Calls f(const G*) for all goroutines, and those that were.
template <typename F>
void ForEachG(F f) {
  for (const sched::Sched* sched = sched::FirstSched(); sched != nullptr;
       sched = sched::NextSched(sched)) {
    const size_t n = sched->allgs.size();
    for (size_t i = 0; i < n; i++) f(sched->allgs[i]);
  }
}

Owner OwnerOf(uintptr_t address) {
  Owner owner;
  uintptr_t nearest = 0;
  ForEachG([&](const G* gp) {
    if (address - gp->stack.lo < gp->stack.size()) owner = {gp, false};
    const uintptr_t lo = sanitizer::FakeStackLo(gp->fiber);
    // How long ASan makes one is not told: a nearer one is likelier.
    if (lo > nearest && address >= lo &&
        address - lo < sanitizer::FakeStackMaxSize(gp->fiber)) {
      nearest = lo;
      owner = {gp, true};
    }
  });
  return owner;
}

void OnError(const char* /*report*/) { DescribeAsanError(); }

}  // namespace

void DescribeAsanError() {
  // So that no dead goroutine becomes another one.
  const sched::FreezeScope frozen;
  const G* self = CurrentG();
  if (self != nullptr) {
    base::PrintErr("heddle: ");
    PrintG(self);
    base::PrintErr(" did this\n");
  }
  const uintptr_t address = sanitizer::AsanErrorAddress();
  if (const Owner owner = OwnerOf(address); owner.gp != nullptr) {
    const GStatus status = sched::ReadGStatus(owner.gp);
    base::PrintErr("heddle: 0x%" PRIxPTR " is on the %sstack of ", address,
                   owner.fake ? "fake " : "");
    PrintG(owner.gp);
    if (owner.gp == self) {
      base::PrintErr(" itself\n");
    } else if (status == GStatus::kDead) {
      base::PrintErr(", which has ended\n");
    } else {
      base::PrintErr(", which is %s\n", sched::GStatusText(status));
    }
  }
}

void InstallAsanReport() {
  static const bool installed = [] {
    sanitizer::SetAsanErrorHook(OnError);
    return true;
  }();
  static_cast<void>(installed);
}

}  // namespace heddle::debug
