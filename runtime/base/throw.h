// Fatal errors: how the runtime ends a process that it cannot keep correct.
//
// Go tells `throw` (the runtime's own invariant is broken) from `fatal` (the
// program misused the runtime); both print "fatal error: TEXT". So do these.
// The text is fixed for each error, so that tests and operators can match it;
// details that vary go on lines of their own before it, through PrintErr.
//
// Before the process ends, a hook of the packages above prints what goroutines
// there are. It is called once: another thread that throws meanwhile waits, and
// an error in the hook ends the process at once.
//
// Everything here is callable from any thread, from any stack of at least
// 4 KiB, and with any lock held: nothing allocates, nothing locks, and the hook
// brings a stack of its own. A text without a % needs 1 KiB of stack.

#ifndef RUNTIME_BASE_THROW_H_
#define RUNTIME_BASE_THROW_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "heddle/runtime/base/cxx20.h"

namespace heddle::base {

// Longest message that PrintErr and Throw format; the rest is cut off.
inline constexpr size_t kMaxMessage = 1024;

// Writes `text` to standard error as it is, whole even if write(2) is
// interrupted or partial. Errors of write(2) are ignored: there is nowhere to
// tell them.
void WriteErr(std::string_view text);

// Who is to blame for a fatal error, which says what of the stack that found it
// is of interest.
enum class Blame {
  kRuntime,  // a broken invariant: all of it
  kProgram,  // what goroutines did: their stacks alone
};

// Prints goroutines to standard error. `pc` is a return address on the calling
// stack: the frames inside it are the error's own machinery. Bound by all that
// is said above.
using FatalHook = void (*)(Blame blame, uintptr_t pc);

// Thread-safe; the last one counts.
void SetFatalHook(FatalHook hook);

// Claims the end of the process for the calling thread, which is to see to it;
// false if another thread, or an earlier call of this one, has. The others wait
// for it.
bool ClaimDeath();

// Claims it, calls the hook, if there is one, and aborts. The caller has said
// on standard error what is wrong. `pc` as above.
[[noreturn]] void Die(Blame blame, uintptr_t pc);

// Writes "fatal error: TEXT\n" to standard error and Dies, blaming the runtime.
[[noreturn, gnu::cold]] void ThrowText(std::string_view text);

// The same, blaming the program. (Go's fatal)
[[noreturn, gnu::cold]] void FatalText(std::string_view text);

// What printf's %.*s takes as the length of `text`, before its data():
// PrintErr("%.*s", FormatSize(text), text.data()).
inline int FormatSize(std::string_view text) {
  return static_cast<int>(std::min(text.size(), kMaxMessage));
}

// Formats as printf does and writes the result to standard error. A format
// whose arguments are numbered (%1$d) takes more stack than is said above.
[[gnu::cold, gnu::format(printf, 1, 2)]] void PrintErr(const char* format, ...);

// Formats as printf does, writes "fatal error: TEXT\n" to standard error and
// Dies, blaming the runtime.
[[noreturn, gnu::cold, gnu::format(printf, 1, 2)]] void Throw(
    const char* format, ...);

}  // namespace heddle::base

// Checks an invariant in debug builds (those without NDEBUG) and throws with
// its text when it is broken. `condition` is not evaluated otherwise.
#ifdef NDEBUG
#define HEDDLE_DCHECK(condition) static_cast<void>(0)
#else
#define HEDDLE_DCHECK(condition)                                           \
  (__builtin_expect(static_cast<bool>(condition), 1)                       \
       ? static_cast<void>(0)                                              \
       : ::heddle::base::Throw("broken invariant: %s (%s:%d)", #condition, \
                               __FILE__, __LINE__))
#endif

#endif  // RUNTIME_BASE_THROW_H_
