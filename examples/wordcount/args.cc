#include "examples/wordcount/args.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace heddle::wordcount {

const std::string_view kUsage =
    R"(usage: wordcount [--procs=N] [--top=N] [FOLDER]

Counts the words of all files under FOLDER, each file in a goroutine of its own,
and prints the commonest. Without FOLDER it counts the source tree that it is
run from (under `bazel run`), else the current folder, but not what lies in
folders whose name begins with a dot.

  --procs=N  run goroutines on N processors at a time (default: HEDDLE_PROCS,
             else as many as this process may use)
  --top=N    print the N commonest words (default 20)
  --help     print this

Symbolic links are not followed, and only regular files are read. A file that
cannot be read is named on standard error and counted.

The words counted are those of `LC_ALL=C wc -w`; the words listed are runs of the
letters A to Z, in lower case, as of `LC_ALL=C tr -cs A-Za-z '\n' | tr A-Z a-z`.
Exit status: 0, or 1 if FOLDER or standard output fails, or 2 for bad usage.
)";

namespace {

// The value of an option `name`, which is at *i as --name=value or as two
// arguments; empty if something else is there.
absl::StatusOr<std::optional<int>> IntOption(absl::Span<const char* const> args,
                                             size_t* i, std::string_view name,
                                             int least) {
  std::string_view arg = args[*i];
  if (!arg.starts_with(name)) return std::nullopt;
  arg.remove_prefix(name.size());
  if (!arg.empty() && arg.front() != '=') return std::nullopt;
  if (!arg.empty()) {
    arg.remove_prefix(1);
  } else if (++*i < args.size()) {
    arg = args[*i];
  } else {
    return absl::InvalidArgumentError(absl::StrCat(name, " needs a number"));
  }
  int value;
  if (!absl::SimpleAtoi(arg, &value) || value < least) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, " must be a number of ", least, " or more, not \"", arg, "\""));
  }
  return value;
}

}  // namespace

absl::StatusOr<Args> ParseArgs(absl::Span<const char* const> args,
                               const Origin& origin) {
  Args out;
  std::optional<std::string_view> root;
  bool options = true;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string_view arg = args[i];
    if (!options || !arg.starts_with('-') || arg == "-") {
      if (root.has_value()) {
        return absl::InvalidArgumentError(
            absl::StrCat("one folder only: \"", *root, "\" or \"", arg, "\""));
      }
      root = arg;
      continue;
    }
    if (arg == "--") {
      options = false;
      continue;
    }
    if (arg == "--help" || arg == "-h") {
      out.help = true;
      continue;
    }
    auto procs = IntOption(args, &i, "--procs", 0);
    if (!procs.ok()) return procs.status();
    if (procs->has_value()) {
      out.procs = **procs;
      continue;
    }
    auto top = IntOption(args, &i, "--top", 0);
    if (!top.ok()) return top.status();
    if (top->has_value()) {
      out.top = **top;
      continue;
    }
    return absl::InvalidArgumentError(
        absl::StrCat("unknown option \"", arg, "\""));
  }

  if (!root.has_value()) {
    out.hidden = false;
    out.root = origin.workspace.empty() ? "." : origin.workspace;
  } else if (root->empty()) {
    return absl::InvalidArgumentError("the folder's name is empty");
  } else if (root->starts_with('/') || origin.working.empty()) {
    out.root = *root;
  } else {
    // `bazel run` has changed the folder.
    out.root = absl::StrCat(origin.working, "/", *root);
  }
  return out;
}

}  // namespace heddle::wordcount
