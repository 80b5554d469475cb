#include "heddle/runtime/base/throw.h"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace heddle::base {
namespace {

constinit std::atomic<FatalHook> fatal_hook{nullptr};
// The id of the thread that dies first; 0 while all is well.
constinit std::atomic<pid_t> dying{0};
// How long another one waits for the first to end the process.
constexpr unsigned kPatienceSeconds = 10;

// The line in one call, so that it stays whole beside those of other threads.
void WriteFatal(std::string_view text) {
  const std::array<std::string_view, 3> parts = {"fatal error: ", text, "\n"};
  std::array<iovec, parts.size()> line;
  for (size_t i = 0; i < parts.size(); i++) {
    line[i] = {const_cast<char*>(parts[i].data()), parts[i].size()};
  }
  ssize_t n;
  do {
    n = writev(STDERR_FILENO, line.data(), line.size());
  } while (n < 0 && errno == EINTR);
  if (n < 0) return;
  auto written = static_cast<size_t>(n);
  for (std::string_view part : parts) {
    const size_t whole = std::min(written, part.size());
    WriteErr(part.substr(whole));
    written -= whole;
  }
}

// A formatted text. vsnprintf neither allocates nor locks for the conversions
// that the runtime uses: texts, characters, pointers, and integers of a small
// width.
class Message {
 public:
  [[gnu::format(printf, 2, 0)]] Message(const char* format, va_list args) {
    const int n = std::vsnprintf(text_, sizeof text_, format, args);
    if (n > 0) size_ = std::min(static_cast<size_t>(n), sizeof text_ - 1);
  }

  std::string_view text() const { return {text_, size_}; }

 private:
  char text_[kMaxMessage];
  size_t size_ = 0;
};

// Whether `format` is its own text. Such a text needs no frame of a Message,
// nor those of vsnprintf: the smallest goroutines have room for it.
bool IsPlain(const char* format) { return std::strchr(format, '%') == nullptr; }

// Not part of Throw, whose frame would be the Message's in all cases.
[[gnu::noinline, gnu::format(printf, 1, 0)]] void FormatFatal(
    const char* format, va_list args) {
  WriteFatal(Message(format, args).text());
}

// Likewise.
[[gnu::noinline, gnu::format(printf, 1, 0)]] void FormatErr(const char* format,
                                                            va_list args) {
  WriteErr(Message(format, args).text());
}

pid_t Self() { return static_cast<pid_t>(syscall(SYS_gettid)); }

uintptr_t Address(const void* pc) { return reinterpret_cast<uintptr_t>(pc); }

}  // namespace

void WriteErr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(STDERR_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

void SetFatalHook(FatalHook hook) {
  fatal_hook.store(hook, std::memory_order_relaxed);
}

bool ClaimDeath() {
  pid_t nobody = 0;
  return dying.compare_exchange_strong(nobody, Self(),
                                       std::memory_order_relaxed);
}

void Die(Blame blame, uintptr_t pc) {
  if (ClaimDeath()) {
    const FatalHook hook = fatal_hook.load(std::memory_order_relaxed);
    if (hook != nullptr) hook(blame, pc);
  } else if (dying.load(std::memory_order_relaxed) != Self()) {
    for (unsigned left = kPatienceSeconds; left > 0;) left = sleep(left);
  }
  std::abort();
}

void ThrowText(std::string_view text) {
  WriteFatal(text);
  Die(Blame::kRuntime, Address(__builtin_return_address(0)));
}

void FatalText(std::string_view text) {
  WriteFatal(text);
  Die(Blame::kProgram, Address(__builtin_return_address(0)));
}

void PrintErr(const char* format, ...) {
  if (IsPlain(format)) return WriteErr(format);
  va_list args;
  va_start(args, format);
  FormatErr(format, args);
  va_end(args);
}

void Throw(const char* format, ...) {
  if (IsPlain(format)) {
    WriteFatal(format);
  } else {
    va_list args;
    va_start(args, format);
    FormatFatal(format, args);
    va_end(args);
  }
  Die(Blame::kRuntime, Address(__builtin_return_address(0)));
}

}  // namespace heddle::base
