#include "heddle/runtime/sched/parse_debug_vars.h"

#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace heddle::sched {
namespace {

// What HEDDLE_DEBUG said; -1: nothing.
struct Said {
  int schedtrace = -1;
  int scheddetail = -1;
  int tracebackancestors = -1;
  int asyncpreemptoff = -1;
};

struct Var {
  absl::string_view name;
  int Said::*value;
  int max;
};

constexpr Var kVars[] = {
    {"schedtrace", &Said::schedtrace, kMaxSchedTraceMs},
    {"scheddetail", &Said::scheddetail, 1},
    {"tracebackancestors", &Said::tracebackancestors, kMaxTracebackAncestors},
    {"asyncpreemptoff", &Said::asyncpreemptoff, 1},
};

absl::Status Bad(absl::string_view text, absl::string_view why) {
  std::string known;
  for (const Var& var : kVars) {
    absl::StrAppendFormat(&known, "%s%s=0 to %d", known.empty() ? "" : ", ",
                          var.name, var.max);
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "heddle: the environment variable HEDDLE_DEBUG is \"%s\": %s; known are "
      "%s, separated by commas",
      text, why, known));
}

absl::Status ParseOne(absl::string_view text, absl::string_view item,
                      Said* said) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(item, absl::MaxSplits('=', 1));
  for (const Var& var : kVars) {
    if (parts.first != var.name) continue;
    int value;
    if (!absl::SimpleAtoi(parts.second, &value) || value < 0 ||
        value > var.max) {
      return Bad(text, absl::StrFormat("\"%s\" is no value of %s", parts.second,
                                       var.name));
    }
    said->*var.value = value;
    return absl::OkStatus();
  }
  return Bad(text, absl::StrFormat("there is no \"%s\"", parts.first));
}

absl::Status OutOfRange(absl::string_view option, int value, int max) {
  return absl::InvalidArgumentError(
      absl::StrFormat("heddle: Options::debug.%s is %d; it must be 0 to %d",
                      option, value, max));
}

}  // namespace

absl::Status ParseDebugVars(absl::string_view text, DebugVars* vars,
                            bool* preempt) {
  Said said;
  for (absl::string_view item : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    absl::Status status = ParseOne(text, item, &said);
    if (!status.ok()) return status;
  }
  if (vars->schedtrace_ms == 0 && said.schedtrace >= 0) {
    vars->schedtrace_ms = said.schedtrace;
  }
  if (said.scheddetail == 1) vars->scheddetail = true;
  if (vars->traceback_ancestors == 0 && said.tracebackancestors >= 0) {
    vars->traceback_ancestors = said.tracebackancestors;
  }
  if (said.asyncpreemptoff == 1) *preempt = false;
  return absl::OkStatus();
}

absl::Status CheckDebugVars(const DebugVars& vars) {
  if (vars.schedtrace_ms < 0 || vars.schedtrace_ms > kMaxSchedTraceMs) {
    return OutOfRange("schedtrace_ms", vars.schedtrace_ms, kMaxSchedTraceMs);
  }
  if (vars.traceback_ancestors < 0 ||
      vars.traceback_ancestors > kMaxTracebackAncestors) {
    return OutOfRange("traceback_ancestors", vars.traceback_ancestors,
                      kMaxTracebackAncestors);
  }
  return absl::OkStatus();
}

}  // namespace heddle::sched
