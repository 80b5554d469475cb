#include "examples/wordcount/tree.h"

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "examples/wordcount/files.h"
#include "heddle/heddle.h"

namespace heddle::wordcount {
namespace {

// Read at a time. On the heap: a goroutine's stack is no larger than this.
constexpr int64_t kBufferBytes = int64_t{64} << 10;

class TreeCounter {
 public:
  TreeCounter(bool hidden, Watcher* watcher)
      : hidden_(hidden),
        watcher_(watcher),
        open_files_(OpenFilesLimit(kMaxOpenFiles)) {}

  // Counts the tree under `root`, and returns when all of it is counted.
  void Walk(std::string root) {
    std::vector<std::string> folders = {std::move(root)};
    while (!folders.empty()) {
      const std::string folder = std::move(folders.back());
      folders.pop_back();
      Listing listing = Blocking([&] { return ListFolder(folder, hidden_); });
      if (listing.error != 0) Unreadable(folder, listing.error);
      {
        const std::scoped_lock lock(mutex_);
        count_.others += listing.others;
      }
      for (std::string& file : listing.files) StartFile(std::move(file));
      for (std::string& inner : listing.folders) {
        folders.push_back(std::move(inner));
      }
    }
    done_.Wait();
  }

  // Starts a goroutine that counts `file`, as soon as few enough are open.
  void StartFile(std::string file) {
    open_files_.Acquire();
    ++goroutines_;
    done_.Go([this, file = std::move(file)] {
      CountFile(file);
      open_files_.Release();
    });
  }

  // What was counted. After Walk.
  TreeCount Take() && {
    done_.Wait();
    count_.goroutines = goroutines_;
    return std::move(count_);
  }

 private:
  void CountFile(const std::string& path) {
    FileReader reader(path);
    WordCounter counter;
    const auto buffer = std::make_unique<char[]>(kBufferBytes);
    for (;;) {
      int error = 0;
      const int64_t n = Blocking(
          [&] { return reader.Read(buffer.get(), kBufferBytes, &error); });
      if (n < 0) return Unreadable(path, error);
      if (n == 0) break;
      counter.Add({buffer.get(), static_cast<size_t>(n)});
    }
    Tally tally = std::move(counter).Finish();
    const std::scoped_lock lock(mutex_);
    count_.tally.Merge(std::move(tally));
    ++count_.files;
    watcher_->Counted(count_);
  }

  void Unreadable(const std::string& path, int error) {
    const std::scoped_lock lock(mutex_);
    ++count_.unreadable;
    watcher_->Unreadable(path, error);
  }

  const bool hidden_;
  Watcher* const watcher_;
  Semaphore open_files_;
  WaitGroup done_;
  int64_t goroutines_ = 1;  // the walker's

  Mutex mutex_;  // for the rest
  TreeCount count_;
};

}  // namespace

absl::StatusOr<TreeCount> CountTree(const std::string& root, bool hidden,
                                    Watcher* watcher) {
  Kind kind = Kind::kOther;
  const int error = Blocking([&] { return KindOf(root, &kind); });
  if (error != 0) return absl::ErrnoToStatus(error, root);
  TreeCounter counter(hidden, watcher);
  switch (kind) {
    case Kind::kFolder:
      counter.Walk(root);
      break;
    case Kind::kFile:
      counter.StartFile(root);
      break;
    case Kind::kOther:
      return absl::InvalidArgumentError(
          absl::StrCat(root, ": neither a folder nor a regular file"));
  }
  return std::move(counter).Take();
}

}  // namespace heddle::wordcount
