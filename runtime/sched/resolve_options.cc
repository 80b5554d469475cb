#include "heddle/runtime/sched/resolve_options.h"

#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "heddle/runtime/os/cpu_count.h"
#include "heddle/runtime/sched/parse_debug_vars.h"
#include "heddle/runtime/stack/stack.h"

namespace heddle::sched {

absl::Status CheckStackSize(absl::string_view what, size_t bytes) {
  if (bytes >= stack::kMinStack && bytes <= stack::kMaxStack) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("heddle: %s is %d bytes; it must be %d to %d", what,
                      bytes, stack::kMinStack, stack::kMaxStack));
}

absl::StatusOr<Options> ResolveOptions(const Options& options) {
  Options resolved = options;
  if (options.procs < 0 || options.procs > kMaxProcs) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "heddle: Options::procs is %d; it must be 1 to %d, or 0 for the CPUs "
        "that this process may use",
        options.procs, kMaxProcs));
  }
  if (options.procs == 0) {
    const char* env = std::getenv("HEDDLE_PROCS");
    if (env != nullptr && *env != '\0') {
      if (!absl::SimpleAtoi(env, &resolved.procs) || resolved.procs < 1 ||
          resolved.procs > kMaxProcs) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "heddle: the environment variable HEDDLE_PROCS is \"%s\"; it must "
            "be a number from 1 to %d",
            env, kMaxProcs));
      }
    } else {
      resolved.procs = os::NumCpu();
      if (resolved.procs > kMaxProcs) resolved.procs = kMaxProcs;
    }
  }
  const absl::Status stack_size =
      CheckStackSize("Options::stack_size", options.stack_size);
  if (!stack_size.ok()) return stack_size;
  resolved.stack_size = stack::Round2(options.stack_size);
  if (options.max_threads < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "heddle: Options::max_threads is %d; it must be 1 or more",
        options.max_threads));
  }
  if (options.thread_idle_ms < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "heddle: Options::thread_idle_ms is %d; it must be 1 or more, or 0 for "
        "threads that stay",
        options.thread_idle_ms));
  }
  // Also what a cast has made of a number.
  if (options.on_main_return != OnMainReturn::kWait &&
      options.on_main_return != OnMainReturn::kAbandon) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "heddle: Options::on_main_return is %d; it must be "
        "OnMainReturn::kWait (%d) or OnMainReturn::kAbandon (%d)",
        static_cast<int>(options.on_main_return),
        static_cast<int>(OnMainReturn::kWait),
        static_cast<int>(OnMainReturn::kAbandon)));
  }
  if (options.deadlock != DeadlockCheck::kAuto &&
      options.deadlock != DeadlockCheck::kAlways &&
      options.deadlock != DeadlockCheck::kNever) {
    return absl::InvalidArgumentError(
        absl::StrFormat("heddle: Options::deadlock is %d; it must be "
                        "DeadlockCheck::kAuto (%d), "
                        "kAlways (%d) or kNever (%d)",
                        static_cast<int>(options.deadlock),
                        static_cast<int>(DeadlockCheck::kAuto),
                        static_cast<int>(DeadlockCheck::kAlways),
                        static_cast<int>(DeadlockCheck::kNever)));
  }
  absl::Status debug = CheckDebugVars(options.debug);
  const char* debug_env = std::getenv("HEDDLE_DEBUG");
  if (debug.ok() && debug_env != nullptr) {
    debug = ParseDebugVars(debug_env, &resolved.debug, &resolved.preempt);
  }
  if (!debug.ok()) return debug;
  return resolved;
}

}  // namespace heddle::sched
