#include "heddle/runtime/os/quiet_threads.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "heddle/runtime/os/fork.h"

namespace heddle::os {
namespace {

// The count in the low half; how many have left in the high half. Sequentially
// consistent: what a thread did before it entered is done.
std::atomic<uint64_t> quiet{0};

constexpr uint64_t kEnter = 1;
constexpr uint64_t kLeave = (uint64_t{1} << 32) - 1;

int Count(uint64_t word) { return static_cast<int>(word & 0xffffffff); }

// The number in the 20th field of /proc/self/stat. The 2nd is the program's
// name, in parentheses, which may hold anything.
int ParseThreads(const char* text) {
  constexpr int kFieldsAfterName = 18;
  const char* p = std::strrchr(text, ')');
  if (p == nullptr) return -1;
  for (int i = 0; i < kFieldsAfterName; i++) {
    p = std::strchr(p + 1, ' ');
    if (p == nullptr) return -1;
  }
  int n = 0;
  for (p++; *p >= '0' && *p <= '9'; p++) n = n * 10 + (*p - '0');
  return n > 0 ? n : -1;
}

// Asks for each number that a thread can have whether one of this process's has
// it: half a second if the system allows the largest numbers.
int CountByNumber() {
  constexpr pid_t kMostThreads = 1 << 22;  // the kernel's PID_MAX_LIMIT
  const pid_t process = getpid();
  int n = 0;
  for (pid_t tid = 1; tid < kMostThreads; tid++) {
    if (syscall(SYS_tgkill, process, tid, 0) == 0) n++;
  }
  return n;
}

// Those that are counted are not in the child.
[[gnu::constructor]] void ForgetAtFork() {
  AtFork([] { quiet.store(0, std::memory_order_relaxed); });
}

}  // namespace

void EnterQuiet() { quiet.fetch_add(kEnter, std::memory_order_seq_cst); }

void LeaveQuiet() { quiet.fetch_add(kLeave, std::memory_order_seq_cst); }

int QuietThreads() { return Count(quiet.load(std::memory_order_seq_cst)); }

int ThreadCount() {
  const int saved_errno = errno;
  int n = -1;
  const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    char text[1024];
    const ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size > 0) {
      text[size] = '\0';
      n = ParseThreads(text);
    }
  }
  // No descriptor is free, or there is no /proc.
  if (n < 0) n = CountByNumber();
  errno = saved_errno;
  return n;
}

bool AllThreadsQuiet(int others) {
  const uint64_t before = quiet.load(std::memory_order_seq_cst);
  const int awake = ThreadCount() - Count(before);
  return awake >= 0 && awake <= others &&
         quiet.load(std::memory_order_seq_cst) == before;
}

}  // namespace heddle::os
