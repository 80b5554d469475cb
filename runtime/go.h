// Goroutines: starting them, and what they say about themselves.
//
// All of it is thread-safe.

#ifndef RUNTIME_GO_H_
#define RUNTIME_GO_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "heddle/runtime/sched/func_val.h"
#include "heddle/runtime/sched/go_options.h"
#include "heddle/runtime/sched/go_statement.h"
#include "heddle/runtime/sched/syscall.h"

namespace heddle {

using sched::GoOptions;

// The go statement: starts a goroutine that calls f(), on the runtime of the
// calling goroutine. f is any callable without arguments, move-only too; it is
// moved onto the new goroutine's stack: nothing is allocated for it. What it
// returns is dropped. It is destroyed when it has returned.
//
// Ends the process with "fatal error: go of nil func value" for a null function
// pointer or an empty std::function or AnyInvocable, and with a fatal error if
// called outside any runtime, or when memory or threads are short. Throws what
// moving or copying f throws; nothing is started then. An exception that leaves
// f ends the process: "panic: WHAT".
//
// Source: Go's runtime.newproc.
template <typename F>
[[gnu::always_inline]] inline void Go(F&& f) {
  sched::GoStatement(sched::MakeFuncVal(std::forward<F>(f)));
}

// The same with a stack size, a name, or as a system goroutine. Throws
// std::invalid_argument if options.stack_size is out of range, or too small for
// f itself.
template <typename F>
[[gnu::always_inline]] inline void Go(const GoOptions& options, F&& f) {
  sched::GoStatement(sched::MakeFuncVal(std::forward<F>(f)), options);
}

// Lets other goroutines run first (Gosched). On a plain thread:
// std::this_thread::yield.
void Yield();

// Ends the calling goroutine after running the destructors of its frames; of
// the main goroutine, others go on. Handlers do not stop it; a catch (...) must
// rethrow. Outside a goroutine: a fatal error. The frames of functions that are
// compiled with -fno-exceptions run no destructors; so a WaitGroup waits for
// ever for such a function that it started. The compiler warns of a call there.
#ifdef __cpp_exceptions
[[noreturn]] void Goexit();
#else
[[noreturn, gnu::warning("no destructor of a function compiled with "
                         "-fno-exceptions runs")]] void
Goexit();
#endif

// The calling goroutine's number; 1 is the main goroutine, 0 a plain thread.
uint64_t GoId();
// The number of the goroutine that started it; 0 if that was a plain thread.
uint64_t ParentGoId();

// Goroutines that exist, the system's not counted; 0 outside any runtime.
int NumGoroutine();
// The CPUs that this process may use: affinity mask and cgroup quota.
int NumCpu();
// Sets how many goroutines run at the same time, 1 to 1024; n <= 0 only reads.
// Returns the former number, 0 outside any runtime. For a moment nobody has a
// P: goroutines that compute or block go on without, and wait for one at their
// next call of the runtime. Throws std::invalid_argument if n is above 1024; a
// fatal error if n > 0 outside any runtime.
int GoMaxProcs(int n);

// Sets how many bytes of stack a goroutine gets that asks for no size of its
// own, stack::kMinStack (2 KiB) to stack::kMaxStack (1 GiB), rounded up to a
// power of two: for goroutines that the calling goroutine's runtime starts from
// now on. 0 only reads. Returns the former size, 0 outside any runtime. Throws
// std::invalid_argument if it is out of range; a fatal error if bytes > 0
// outside any runtime.
//
// Source: Go's startingStackSize, which its garbage collector adapts.
size_t StartingStackSize(size_t bytes);

// The calling goroutine keeps its thread for itself, and runs on no other,
// until as many calls of UnlockOsThread: for libraries that tie state to a
// thread. Of a goroutine that ends while it is locked, the thread ends too (not
// the one that called Run). Switches to and from a locked goroutine cost a
// switch of threads. On a plain thread nothing. UnlockOsThread without
// LockOsThread does nothing.
//
// Source: Go's LockOSThread and UnlockOSThread.
void LockOsThread();
void UnlockOsThread();

// Runs f, a call that may block its thread, so that other goroutines run
// meanwhile: if it takes long (20 us to 10 ms) they get the goroutine's P. It
// may go on on another thread then, once f has returned. Returns what f
// returns, throws what it throws; errno is as f left it. Inside, operations
// that would park the goroutine block the thread. On a plain thread, and inside
// another Blocking: just calls f.
//
// Source: Go's entersyscall and exitsyscall.
template <typename F>
std::invoke_result_t<F> Blocking(F&& f) {
  const sched::InSyscall in;
  return std::forward<F>(f)();
}

}  // namespace heddle

#endif  // RUNTIME_GO_H_
