// The command line of wordcount.

#ifndef EXAMPLES_WORDCOUNT_ARGS_H_
#define EXAMPLES_WORDCOUNT_ARGS_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace heddle::wordcount {

// What --help prints.
extern const std::string_view kUsage;

struct Args {
  // What to count: a folder or a file.
  std::string root;
  // Whether folders whose name begins with a dot are looked into. They are
  // where the user named the root, and are not in the source tree that is
  // counted by default: there they hold what tools have made.
  bool hidden = true;
  int procs = 0;  // 0: as heddle::Options has it
  int top = 20;
  bool help = false;
};

// Where the program was started, as `bazel run` tells it; empty if it does not.
struct Origin {
  std::string workspace;  // BUILD_WORKSPACE_DIRECTORY: the source tree
  std::string working;    // BUILD_WORKING_DIRECTORY: where the user is
};

// Parses the arguments, the program's name not among them. InvalidArgument,
// with a text for the user, if they are wrong.
absl::StatusOr<Args> ParseArgs(absl::Span<const char* const> args,
                               const Origin& origin);

}  // namespace heddle::wordcount

#endif  // EXAMPLES_WORDCOUNT_ARGS_H_
