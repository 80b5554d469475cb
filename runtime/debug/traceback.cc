#include "runtime/debug/traceback.h"

#include <libunwind.h>

#include <cstdint>

#include "absl/debugging/symbolize.h"
#include "absl/strings/str_format.h"
#include "runtime/os/newosproc.h"
#include "runtime/sched/g.h"

namespace heddle::debug {
namespace {

// Go's tracebackInnerFrames.
constexpr int kMaxFrames = 50;

// The function around the call that returns to `pc`.
std::string FunctionName(uintptr_t pc) {
  char name[512];
  if (absl::Symbolize(reinterpret_cast<const void*>(pc - 1), name,
                      sizeof name)) {
    return name;
  }
  return "?";
}

void AppendFrames(std::string* out) {
  unw_context_t context;
  unw_cursor_t cursor;
  if (unw_getcontext(&context) != 0 || unw_init_local(&cursor, &context) != 0) {
    return;
  }
  // The first step leaves this function, the second one its caller, Stack.
  int skip = 1;
  for (int i = 0; i < kMaxFrames && unw_step(&cursor) > 0;) {
    if (skip-- > 0) continue;
    unw_word_t pc = 0;
    unw_get_reg(&cursor, UNW_REG_IP, &pc);
    if (pc == 0) break;
    absl::StrAppendFormat(out, "%s\n\t0x%x\n", FunctionName(pc), pc);
    i++;
  }
}

}  // namespace

std::string Stack() {
  const sched::G* gp = sched::Getg();
  std::string out;
  if (gp == nullptr || gp->goid == 0) {
    out = absl::StrFormat("thread %d:\n", os::GetTid());
    AppendFrames(&out);
    return out;
  }
  out = absl::StrFormat("goroutine %d [%s]:\n", gp->goid,
                        sched::GStatusText(sched::ReadGStatus(gp)));
  AppendFrames(&out);
  if (gp->gopc != 0) {
    absl::StrAppendFormat(&out, "created by %s in goroutine %d\n\t0x%x\n",
                          FunctionName(gp->gopc), gp->parent_goid, gp->gopc);
  }
  return out;
}

}  // namespace heddle::debug
