// Out: where the text of a report goes: to a string, or to standard error
// without allocating.

#ifndef RUNTIME_DEBUG_OUT_H_
#define RUNTIME_DEBUG_OUT_H_

#include <cstddef>
#include <cstring>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "heddle/runtime/base/throw.h"

namespace heddle::debug {

class Out {
 public:
  // To standard error, in pieces.
  Out() = default;
  // To the end of *text.
  explicit Out(std::string* text) : text_(text) {}
  ~Out() { Flush(); }
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;

  // Whether what is appended may allocate.
  bool may_allocate() const { return text_ != nullptr; }

  void Append(absl::string_view text) {
    if (text_ != nullptr) {
      text_->append(text.data(), text.size());
      return;
    }
    if (text.size() > sizeof buffer_ - size_) Flush();
    if (text.size() > sizeof buffer_) {
      base::WriteErr(text);
      return;
    }
    std::memcpy(buffer_ + size_, text.data(), text.size());
    size_ += text.size();
  }

  // At most 255 characters of it.
  template <typename... Args>
  void Format(const absl::FormatSpec<Args...>& format, const Args&... args) {
    char text[256];
    const int n = absl::SNPrintF(text, sizeof text, format, args...);
    if (n < 0) return;
    const auto size = static_cast<size_t>(n);
    Append({text, size < sizeof text ? size : sizeof text - 1});
  }

  // What was appended is written, should the process die next.
  void Flush() {
    base::WriteErr({buffer_, size_});
    size_ = 0;
  }

 private:
  std::string* const text_ = nullptr;
  size_t size_ = 0;
  char buffer_[2048];
};

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_OUT_H_
