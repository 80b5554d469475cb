// Checks of options, and what is left to the environment. Apart from options.h,
// which every file of the scheduler reads: absl::Status is most of what a
// compiler then had to read.

#ifndef RUNTIME_SCHED_RESOLVE_OPTIONS_H_
#define RUNTIME_SCHED_RESOLVE_OPTIONS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "heddle/runtime/sched/options.h"

namespace heddle::sched {

// InvalidArgument, naming it as `what`, its value and the limits, if `bytes` is
// not a size that a goroutine's stack may be asked to have.
absl::Status CheckStackSize(absl::string_view what, size_t bytes);

// Fills in what is left to the environment and checks the rest.
// Returns InvalidArgument, naming the option, its value and the limits.
absl::StatusOr<Options> ResolveOptions(const Options& options);

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_RESOLVE_OPTIONS_H_
