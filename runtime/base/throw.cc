#include "runtime/base/throw.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace heddle::base {

void WriteErr(absl::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(STDERR_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

void ThrowText(absl::string_view text) {
  WriteErr("fatal error: ");
  WriteErr(text);
  WriteErr("\n");
  std::abort();
}

}  // namespace heddle::base
