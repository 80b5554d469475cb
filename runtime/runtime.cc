#include "heddle/runtime/runtime.h"

#include <stdexcept>

#include "absl/status/statusor.h"
#include "heddle/runtime/debug/asan_report.h"
#include "heddle/runtime/debug/report.h"
#include "heddle/runtime/debug/sigquit.h"
#include "heddle/runtime/debug/stack_overflow.h"
#include "heddle/runtime/panic.h"
#include "heddle/runtime/sched/newproc.h"
#include "heddle/runtime/sched/proc.h"
#include "heddle/runtime/sched/resolve_options.h"
#include "heddle/runtime/sched/scavenge.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/stats.h"

namespace heddle {
namespace {

uintptr_t Address(const void* pc) { return reinterpret_cast<uintptr_t>(pc); }

sched::Sched* NewSched(const Options& options) {
  absl::StatusOr<Options> resolved = sched::ResolveOptions(options);
  if (!resolved.ok()) {
    throw std::invalid_argument(std::string(resolved.status().message()));
  }
  InstallPanicHandler();
  debug::InstallStackOverflowHandler();
  debug::InstallReports();
  debug::InstallAsanReport();
  if (resolved->dump_on_sigquit) debug::InstallSigquit();
  return sched::CreateSched(*resolved);
}

}  // namespace

Runtime::Runtime(Options options) : sched_(NewSched(options)) {}

Runtime::~Runtime() {
  // Of a static one, perhaps: then a goroutine has called exit.
  if (!sched::LeftAtExit(sched_, this)) sched::DestroySched(sched_);
}

int Runtime::Run(absl::AnyInvocable<int()> main) {
  int result = 0;
  if (main == nullptr) {
    sched::RunMain(sched_, sched::FuncVal(), 0);
  } else {
    auto body = [&main, &result] { result = main(); };
    sched::RunMain(sched_, sched::MakeFuncVal(body),
                   Address(__builtin_return_address(0)));
  }
  return result;
}

sched::Stats Runtime::ReadStats() const { return sched::ReadStats(sched_); }

void Runtime::FreeOsMemory() { sched::FreeOsMemory(sched_); }

void Runtime::Start(const sched::FuncVal& fn, const GoOptions& options) {
  sched::NewProc(sched_, fn, options, Address(__builtin_return_address(0)));
}

}  // namespace heddle
