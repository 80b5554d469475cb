// Counts a tree: a goroutine walks it and starts another for each file.

#ifndef EXAMPLES_WORDCOUNT_TREE_H_
#define EXAMPLES_WORDCOUNT_TREE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "examples/wordcount/words.h"

namespace heddle::wordcount {

// Files that are read at a time, at most: enough to keep a disk busy while some
// of them are slow.
inline constexpr int kMaxOpenFiles = 64;

struct TreeCount {
  Tally tally;
  int64_t files = 0;       // that were read to the end
  int64_t unreadable = 0;  // files, and folders too
  int64_t others = 0;      // links and the like, which are not read
  int64_t goroutines = 0;  // that were started, the caller's included
};

// What CountTree tells on its way. Called by one goroutine at a time; may
// block.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // `path` could not be read; `error` is an errno.
  virtual void Unreadable(const std::string& path, int error) = 0;
  // A file was counted.
  virtual void Counted(const TreeCount& so_far) = 0;
};

// Counts the folder or file `root`. From a goroutine. With `hidden` false,
// folders whose name begins with a dot are left out, but for the root. An error
// that names the root if it is neither, or cannot be looked at; all else that
// fails is told to `watcher` and counted.
absl::StatusOr<TreeCount> CountTree(const std::string& root, bool hidden,
                                    Watcher* watcher);

}  // namespace heddle::wordcount

#endif  // EXAMPLES_WORDCOUNT_TREE_H_
