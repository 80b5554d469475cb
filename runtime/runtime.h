// Runtime: a scheduler and its Run. What a program starts with.
//
//   int main() {
//     return heddle::Run([] {
//       heddle::Go([] { … });
//     });
//   }

#ifndef RUNTIME_RUNTIME_H_
#define RUNTIME_RUNTIME_H_

#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "heddle/runtime/go.h"
#include "heddle/runtime/sched/func_val.h"
#include "heddle/runtime/sched/options.h"

namespace heddle {

namespace sched {
struct Sched;
struct Stats;
}  // namespace sched

using sched::DeadlockCheck;
using sched::OnMainReturn;
using sched::Options;

// A G/M/P scheduler. Several may live side by side in one process.
class Runtime {
 public:
  // Starts no thread. Throws std::invalid_argument, naming the option, its
  // value and its limits, if one is out of range (also HEDDLE_PROCS).
  explicit Runtime(Options options = {});

  // Ends the runtime's threads and frees all that it has. Goroutines that were
  // started and never ran are destroyed without running. Not while Run runs.
  // System goroutines, and after OnMainReturn::kAbandon all, that still run or
  // block are left alone until they next call the runtime, with the memory that
  // they need; a later Runtime frees it.
  ~Runtime();

  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Runs `main` as the main goroutine, with the calling thread as one of the
  // runtime's, and returns its value: once main and every goroutine has
  // finished or, with OnMainReturn::kAbandon, as soon as main returns. 0 if
  // main calls Goexit. May be called again afterwards, from any thread; a call
  // while another one runs ends the process.
  int Run(absl::AnyInvocable<int()> main);

  // The same for a `main` that returns nothing; returns 0.
  template <typename F>
  requires(std::is_void_v<std::invoke_result_t<std::decay_t<F>&>>) int Run(
      F&& main) {
    return Run(absl::AnyInvocable<int()>(
        [body = static_cast<std::decay_t<F>>(std::forward<F>(main))]() mutable {
          body();
          return 0;
        }));
  }

  // Starts a goroutine on this runtime, from any thread, also one that the
  // runtime does not know. Between two Runs it is queued for the next. Else as
  // heddle::Go. Thread-safe.
  template <typename F>
  [[gnu::always_inline]] void Go(F&& f) {
    Start(sched::MakeFuncVal(std::forward<F>(f)), GoOptions());
  }
  template <typename F>
  [[gnu::always_inline]] void Go(const GoOptions& options, F&& f) {
    Start(sched::MakeFuncVal(std::forward<F>(f)), options);
  }

  // What the runtime has and does, in numbers. Thread-safe; some microseconds.
  sched::Stats ReadStats() const;

  // Gives memory that dead goroutines left back to the system now; the runtime
  // does it by itself some seconds after it was last needed. Thread-safe.
  void FreeOsMemory();

 private:
  void Start(const sched::FuncVal& fn, const GoOptions& options);

  sched::Sched* const sched_;
};

// A Runtime for one call of Run.
template <typename F>
int Run(Options options, F&& main) {
  Runtime runtime(options);
  return runtime.Run(std::forward<F>(main));
}
template <typename F>
int Run(F&& main) {
  return heddle::Run(Options(), std::forward<F>(main));
}

}  // namespace heddle

#endif  // RUNTIME_RUNTIME_H_
