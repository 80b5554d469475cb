// What wordcount prints.

#ifndef EXAMPLES_WORDCOUNT_CONSOLE_H_
#define EXAMPLES_WORDCOUNT_CONSOLE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "examples/wordcount/tree.h"

namespace heddle::wordcount {

// Standard error: errors, and on a terminal a line that shows progress.
class Console : public Watcher {
 public:
  // Whether standard error is a terminal is seen here.
  Console();

  void Unreadable(const std::string& path, int error) override;
  void Counted(const TreeCount& so_far) override;

  // Prints "wordcount: TEXT".
  void Error(std::string_view text);

  // Takes the progress line away.
  void ClearProgress();

 private:
  const bool terminal_;
  bool shown_ = false;  // the progress line
  absl::Time next_ = absl::InfinitePast();
};

// How the count was made.
struct Effort {
  int procs = 0;
  int threads = 0;
  absl::Duration time;
};

// The report: the `top` commonest words with their counts, one a line, and the
// totals.
std::string Report(const TreeCount& count, size_t top, const Effort& effort);

// The path, with bytes that could harm a terminal or break the line escaped.
std::string Printable(std::string_view path);

// The threads that this process has; 0 if /proc does not say.
int NumThreads();

}  // namespace heddle::wordcount

#endif  // EXAMPLES_WORDCOUNT_CONSOLE_H_
