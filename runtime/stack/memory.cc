#include "heddle/runtime/stack/memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "heddle/runtime/base/throw.h"

namespace heddle::stack {
namespace {

// <sys/mman.h> of glibc 2.36 has no name for it yet.
constexpr int kMadvGuardInstall = 102;

void* MapAnywhere(size_t size) {
  void* const start =
      mmap(nullptr, size, PROT_READ | PROT_WRITE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
  return start == MAP_FAILED ? nullptr : start;
}

bool IsAligned(const void* p, size_t align) {
  return (reinterpret_cast<uintptr_t>(p) & (align - 1)) == 0;
}

}  // namespace

size_t PageSize() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

GuardKind ProbeGuardKind() {
  const size_t size = PageSize();
  void* const page = MapAnywhere(size);
  if (page == nullptr) return GuardKind::kMprotect;
  const int result = madvise(page, size, kMadvGuardInstall);
  Unmap(page, size);
  return result == 0 ? GuardKind::kMadvise : GuardKind::kMprotect;
}

void* Map(size_t size, size_t align) {
  // Mappings lie side by side, so one that follows an aligned one of the same
  // size is aligned: mostly this is all.
  void* start = MapAnywhere(size);
  if (start == nullptr) return nullptr;
  if (!IsAligned(start, align)) {
    Unmap(start, size);
    auto* const more = static_cast<char*>(MapAnywhere(size + align));
    if (more == nullptr) return nullptr;
    const size_t below = -reinterpret_cast<uintptr_t>(more) & (align - 1);
    if (below > 0) Unmap(more, below);
    Unmap(more + below + size, align - below);
    start = more + below;
  }
  // Refused by kernels built without huge pages, which is as good.
  madvise(start, size, MADV_NOHUGEPAGE);
  return start;
}

void Unmap(void* start, size_t size) {
  if (munmap(start, size) != 0) {
    base::PrintErr("heddle: munmap(%p, %zu): %s\n", start, size,
                   strerror(errno));
    base::Throw("stack: cannot unmap a stack");
  }
}

size_t MaxMappings() {
  static const size_t max = [] {
    size_t n = 65'530;  // the kernel's default
    if (std::FILE* file = std::fopen("/proc/sys/vm/max_map_count", "r")) {
      if (std::fscanf(file, "%zu", &n) != 1) n = 65'530;
      std::fclose(file);
    }
    return n;
  }();
  return max;
}

int InstallGuard(GuardKind kind, uintptr_t page) {
  if (kind == GuardKind::kNone) return 0;
  void* const start = reinterpret_cast<void*>(page);
  if (kind == GuardKind::kMadvise &&
      madvise(start, PageSize(), kMadvGuardInstall) == 0) {
    return 0;
  }
  return mprotect(start, PageSize(), PROT_NONE) == 0 ? 0 : errno;
}

size_t InstallGuards(const uintptr_t* pages, size_t n) {
  // The calling process, without a descriptor, which a fork would inherit and
  // which would then be another process's. Linux 6.14; before: EBADF.
  constexpr int kPidfdSelf = -10'000;
  iovec ranges[kMaxGuardsAtOnce];
  n = std::min(n, kMaxGuardsAtOnce);
  for (size_t i = 0; i < n; i++) {
    ranges[i] = {reinterpret_cast<void*>(pages[i]), PageSize()};
  }
  const long done =
      syscall(SYS_process_madvise, kPidfdSelf, ranges, n, kMadvGuardInstall, 0);
  return done < 0 ? 0 : static_cast<size_t>(done) / PageSize();
}

void GiveBack(uintptr_t lo, uintptr_t hi) {
  // Fails only on memory that was locked; then it stays, and that is asked for.
  madvise(reinterpret_cast<void*>(lo), hi - lo, MADV_DONTNEED);
}

}  // namespace heddle::stack
