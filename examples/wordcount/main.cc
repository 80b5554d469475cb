// wordcount: counts the words of a tree of files, each file in a goroutine of
// its own. `bazel run //examples:wordcount -- --help` says how to call it.

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "examples/wordcount/args.h"
#include "examples/wordcount/console.h"
#include "examples/wordcount/tree.h"
#include "heddle/heddle.h"

namespace heddle::wordcount {
namespace {

constexpr int kFailed = 1;
constexpr int kBadUsage = 2;

std::string Env(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

// Prints to standard output; what cannot be printed is an error.
int Print(std::string_view text, Console* console) {
  const bool written =
      fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
      fflush(stdout) == 0;
  if (!written) console->Error("cannot write to standard output");
  return written ? 0 : kFailed;
}

// The main goroutine.
int Count(const Args& args, Console* console) {
  const absl::Time start = absl::Now();
  const absl::StatusOr<TreeCount> count =
      CountTree(args.root, args.hidden, console);
  if (!count.ok()) {
    console->Error(Printable(count.status().message()));
    return kFailed;
  }
  const Effort effort = {.procs = GoMaxProcs(0),
                         .threads = NumThreads(),
                         .time = absl::Now() - start};
  console->ClearProgress();
  return Print(Report(*count, static_cast<size_t>(args.top), effort), console);
}

int Main(int argc, char** argv) {
  Console console;
  const absl::StatusOr<Args> args =
      ParseArgs(absl::MakeConstSpan(argv, static_cast<size_t>(argc)).subspan(1),
                {.workspace = Env("BUILD_WORKSPACE_DIRECTORY"),
                 .working = Env("BUILD_WORKING_DIRECTORY")});
  if (!args.ok()) {
    console.Error(args.status().message());
    console.Error("see wordcount --help");
    return kBadUsage;
  }
  if (args->help) return Print(kUsage, &console);
  try {
    return heddle::Run(Options{.procs = args->procs},
                       [&] { return Count(*args, &console); });
  } catch (const std::invalid_argument& e) {  // --procs or HEDDLE_PROCS
    console.Error(e.what());
    return kBadUsage;
  }
}

}  // namespace
}  // namespace heddle::wordcount

int main(int argc, char** argv) { return heddle::wordcount::Main(argc, argv); }
