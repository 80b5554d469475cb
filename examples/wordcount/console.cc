#include "examples/wordcount/console.h"

#include <unistd.h>

#include <cstring>
#include <fstream>
#include <system_error>  // NOLINT(build/c++11)

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "heddle/heddle.h"

namespace heddle::wordcount {
namespace {

constexpr absl::Duration kBetweenProgress = absl::Milliseconds(100);

// All of `text`, as one write where the system permits. The terminal may be
// slow, or stopped.
void WriteStderr(std::string_view text) {
  Blocking([&] {
    while (!text.empty()) {
      const ssize_t n = write(STDERR_FILENO, text.data(), text.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;  // nowhere to tell it
      text.remove_prefix(static_cast<size_t>(n));
    }
  });
}

}  // namespace

Console::Console() : terminal_(isatty(STDERR_FILENO) == 1) {}

void Console::Unreadable(const std::string& path, int error) {
  Error(absl::StrCat(Printable(path), ": ",
                     std::generic_category().message(error)));
}

void Console::Counted(const TreeCount& so_far) {
  if (!terminal_) return;
  const absl::Time now = absl::Now();
  if (now < next_) return;
  next_ = now + kBetweenProgress;
  shown_ = true;
  WriteStderr(absl::StrFormat("\r%d files, %.1f MB\x1b[K", so_far.files,
                              static_cast<double>(so_far.tally.bytes) / 1e6));
}

void Console::Error(std::string_view text) {
  ClearProgress();
  WriteStderr(absl::StrCat("wordcount: ", text, "\n"));
}

void Console::ClearProgress() {
  if (!shown_) return;
  shown_ = false;
  WriteStderr("\r\x1b[K");
}

std::string Report(const TreeCount& count, size_t top, const Effort& effort) {
  std::string out;
  for (const auto& [word, n] : count.tally.Commonest(top)) {
    absl::StrAppendFormat(&out, "%9d %s\n", n, word);
  }
  absl::StrAppendFormat(&out,
                        "%d files, %d bytes, %d words, %d unreadable, %d not "
                        "regular files\n",
                        count.files, count.tally.bytes, count.tally.words,
                        count.unreadable, count.others);
  absl::StrAppendFormat(&out, "%d goroutines, %d threads, %d procs, %.3f s\n",
                        count.goroutines, effort.threads, effort.procs,
                        absl::ToDoubleSeconds(effort.time));
  return out;
}

std::string Printable(std::string_view path) {
  return absl::Utf8SafeCHexEscape(path);
}

int NumThreads() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("Threads:")) return atoi(line.c_str() + 8);
  }
  return 0;
}

}  // namespace heddle::wordcount
