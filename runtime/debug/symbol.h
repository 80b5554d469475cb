// What a code address is called and where it lies in its file.
//
// Names come from the symbol tables of the program and its libraries, by
// absl::Symbolize, which needs no preparation on Linux. A stripped program
// shows "?"; its places still lead to the line, with addr2line and an
// unstripped copy. Nothing here allocates; async-signal-safe but for the
// dynamic linker's lock, which signal handlers do without (phdr.h).

#ifndef RUNTIME_DEBUG_SYMBOL_H_
#define RUNTIME_DEBUG_SYMBOL_H_

#include <cstddef>
#include <cstdint>

namespace heddle::debug {

// Longest name with its NUL; longer ones are cut off.
inline constexpr size_t kMaxName = 512;

// The function around `pc`, demangled, "?" if not known. Without its parameters
// and template arguments: absl's demangler is made for signal handlers.
void FunctionName(uintptr_t pc, char (&name)[kMaxName]);

// Demangles what FunctionName gave, where absl's demangler could not: it knows
// no ABI tags, which g++ puts on functions that return a std::string.
// Allocates.
void DemangleFully(char (&name)[kMaxName]);

struct CodePlace {
  char file[256];    // the program's or library's; empty if not known
  uintptr_t offset;  // what `addr2line -e file` wants
};
void FindPlace(uintptr_t pc, CodePlace* place);

}  // namespace heddle::debug

#endif  // RUNTIME_DEBUG_SYMBOL_H_
