#include "heddle/runtime/os/thread_state.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace heddle::os {
namespace {

// The letter of proc(5)'s stat; 0 if there is no such file.
char StateLetter(pid_t tid) {
  char path[64];
  absl::SNPrintF(path, sizeof path, "/proc/self/task/%d/stat", tid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  // "TID (NAME) S …"; the name is 15 bytes at most, and may have a ')' in it.
  char text[64];
  const ssize_t n = read(fd, text, sizeof text);
  close(fd);
  if (n <= 0) return 0;
  const absl::string_view stat(text, static_cast<size_t>(n));
  const size_t end = stat.rfind(") ");
  return end == absl::string_view::npos || end + 2 >= stat.size()
             ? 0
             : stat[end + 2];
}

}  // namespace

bool ThreadIsRunning(pid_t tid) {
  const int saved_errno = errno;
  char state = StateLetter(tid);
  // Gone, or no /proc?
  if (state == 0) state = StateLetter(gettid()) == 0 ? 'R' : 'X';
  errno = saved_errno;
  return state == 'R';
}

}  // namespace heddle::os
