// Folders and files by system calls that may block their thread: callers are
// inside heddle::Blocking.

#ifndef EXAMPLES_WORDCOUNT_FILES_H_
#define EXAMPLES_WORDCOUNT_FILES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace heddle::wordcount {

enum class Kind { kFile, kFolder, kOther };

// What a folder has, without "." and "..", in no order.
struct Listing {
  std::vector<std::string> files;    // regular ones, as paths
  std::vector<std::string> folders;  // as paths
  int64_t others = 0;                // links, pipes, sockets, devices
  int error = 0;  // an errno; what was read before it is here
};

// Lists `folder`; with `hidden` false, without the folders in it whose name
// begins with a dot.
Listing ListFolder(const std::string& folder, bool hidden);

// What `path` is, links followed. Returns 0 or an errno.
int KindOf(const std::string& path, Kind* kind);

// The most files to have open at a time: `wanted`, or fewer if the process may
// not open so many. 1 or more.
int OpenFilesLimit(int wanted);

// Reads one file from its beginning to its end. Never waits for the other end
// of a pipe and never follows a link: what has taken the file's place since it
// was listed is an error.
class FileReader {
 public:
  explicit FileReader(std::string path) : path_(std::move(path)) {}
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;
  ~FileReader();

  // Reads the next bytes, up to `size` of them; opens the file if need be.
  // Returns how many, 0 at the end, or -1 and the errno in *error.
  int64_t Read(char* buffer, int64_t size, int* error);

 private:
  const std::string path_;
  int fd_ = -1;
};

}  // namespace heddle::wordcount

#endif  // EXAMPLES_WORDCOUNT_FILES_H_
