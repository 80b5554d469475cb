#include "examples/wordcount/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "absl/strings/str_cat.h"

namespace heddle::wordcount {
namespace {

// Descriptors that other parts of the process may want.
constexpr int kSparedDescriptors = 16;

Kind KindOfMode(mode_t mode) {
  if (S_ISREG(mode)) return Kind::kFile;
  if (S_ISDIR(mode)) return Kind::kFolder;
  return Kind::kOther;
}

// The kind of an entry of a folder, links not followed.
Kind KindOfEntry(const dirent& entry, const std::string& path) {
  switch (entry.d_type) {
    case DT_REG:
      return Kind::kFile;
    case DT_DIR:
      return Kind::kFolder;
    case DT_UNKNOWN: {  // some file systems do not say
      struct stat info;
      // One that cannot be looked at is told when it is read.
      if (lstat(path.c_str(), &info) != 0) return Kind::kFile;
      return KindOfMode(info.st_mode);
    }
    default:
      return Kind::kOther;
  }
}

}  // namespace

Listing ListFolder(const std::string& folder, bool hidden) {
  Listing out;
  struct Close {
    void operator()(DIR* dir) const { closedir(dir); }
  };
  const std::unique_ptr<DIR, Close> dir(opendir(folder.c_str()));
  if (dir == nullptr) {
    out.error = errno;
    return out;
  }
  for (;;) {
    errno = 0;
    const dirent* entry = readdir(dir.get());
    if (entry == nullptr) {
      out.error = errno;
      return out;
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string path =
        absl::StrCat(folder, folder.ends_with('/') ? "" : "/", name);
    switch (KindOfEntry(*entry, path)) {
      case Kind::kFile:
        out.files.push_back(std::move(path));
        break;
      case Kind::kFolder:
        if (hidden || !name.starts_with('.')) {
          out.folders.push_back(std::move(path));
        }
        break;
      case Kind::kOther:
        ++out.others;
        break;
    }
  }
}

int KindOf(const std::string& path, Kind* kind) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return errno;
  *kind = KindOfMode(info.st_mode);
  return 0;
}

int OpenFilesLimit(int wanted) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur >= static_cast<rlim_t>(wanted) + kSparedDescriptors) {
    return wanted;
  }
  return std::max(1, static_cast<int>(limit.rlim_cur) - kSparedDescriptors);
}

FileReader::~FileReader() {
  if (fd_ >= 0) close(fd_);
}

int64_t FileReader::Read(char* buffer, int64_t size, int* error) {
  if (fd_ < 0) {
    fd_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat info;
    if (fd_ < 0 || fstat(fd_, &info) != 0) {
      *error = errno;
      return -1;
    }
    if (!S_ISREG(info.st_mode)) {
      *error = S_ISDIR(info.st_mode) ? EISDIR : ESPIPE;
      return -1;
    }
  }
  ssize_t n;
  do {
    n = read(fd_, buffer, static_cast<size_t>(size));
  } while (n < 0 && errno == EINTR);
  if (n < 0) *error = errno;
  return n;
}

}  // namespace heddle::wordcount
