#include "heddle/runtime/debug/symbol.h"

#include <cxxabi.h>
#include <link.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "absl/debugging/symbolize.h"
#include "third_party/libunwind/phdr.h"

namespace heddle::debug {
namespace {

struct Search {
  uintptr_t pc;
  CodePlace* place;
};

void CopyName(const char* from, CodePlace* place) {
  std::strncpy(place->file, from, sizeof place->file - 1);
  place->file[sizeof place->file - 1] = '\0';
}

// The program's own name is empty in the dynamic linker's list.
void CopyProgramName(CodePlace* place) {
  const int saved_errno = errno;
  const ssize_t n =
      readlink("/proc/self/exe", place->file, sizeof place->file - 1);
  place->file[n > 0 ? n : 0] = '\0';
  errno = saved_errno;
}

int VisitModule(dl_phdr_info* info, size_t /*size*/, void* arg) {
  const auto* search = static_cast<Search*>(arg);
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    const uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    if (header.p_type != PT_LOAD || search->pc < begin ||
        search->pc >= begin + header.p_memsz) {
      continue;
    }
    search->place->offset = search->pc - info->dlpi_addr;
    if (info->dlpi_name != nullptr && *info->dlpi_name != '\0') {
      CopyName(info->dlpi_name, search->place);
    } else {
      CopyProgramName(search->place);
    }
    return 1;
  }
  return 0;
}

}  // namespace

void FunctionName(uintptr_t pc, char (&name)[kMaxName]) {
  if (!absl::Symbolize(reinterpret_cast<const void*>(pc), name, kMaxName)) {
    std::strcpy(name, "?");
  }
}

void DemangleFully(char (&name)[kMaxName]) {
  if (std::strncmp(name, "_Z", 2) != 0) return;
  int status = 0;
  char* full = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  if (status != 0) return;
  std::strncpy(name, full, sizeof name - 1);
  std::free(full);
}

void FindPlace(uintptr_t pc, CodePlace* place) {
  place->file[0] = '\0';
  place->offset = pc;
  Search search = {pc, place};
  unwind::heddle_unwind_iterate_phdr(VisitModule, &search);
}

}  // namespace heddle::debug
