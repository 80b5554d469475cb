// TaskGroup: goroutines that work on parts of one task. The first error, or
// exception, cancels the group's context, so that the others stop, and is what
// Wait returns, or throws. On a plain thread outside any runtime Go is a fatal
// error, as heddle::Go is.
//
//   heddle::TaskGroup group(ctx);
//   for (const Url& url : urls) {
//     group.Go([&] { return Fetch(group.context(), url); });
//   }
//   absl::Status status = group.Wait();
//
// Source: golang.org/x/sync/errgroup. Difference: what a task refers to is the
// caller's, so the destructor waits; a task that throws is an error too.

#ifndef RUNTIME_CONTEXT_TASK_GROUP_H_
#define RUNTIME_CONTEXT_TASK_GROUP_H_

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "heddle/runtime/chan/chan.h"
#include "heddle/runtime/context/context.h"
#include "heddle/runtime/sync/mutex.h"
#include "heddle/runtime/sync/wait_group.h"

namespace heddle {

// Go, TryGo and context are thread-safe.
class TaskGroup {
 public:
  explicit TaskGroup(const Context& parent = Context::Background())
      : TaskGroup(WithCancel(parent)) {}
  // Cancels the context, and waits.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Cancelled by the first task that fails, and by Wait.
  const Context& context() const { return context_; }

  // Starts a goroutine that calls f(), which returns an absl::Status or
  // nothing. Waits first until fewer tasks run than SetLimit said.
  template <typename F>
  void Go(F&& f) {
    if (limit_.has_value()) limit_->Send({});
    Start(std::forward<F>(f));
  }

  // The same if it need not wait; false if it would have to.
  template <typename F>
  bool TryGo(F&& f) {
    if (limit_.has_value() && !limit_->TrySend({})) return false;
    Start(std::forward<F>(f));
    return true;
  }

  // At most n tasks run at a time; n < 0: any number, as before the first call.
  // With 0 none can be started. Not while tasks run: a fatal error.
  void SetLimit(int n);

  // Waits until all tasks have ended. Rethrows the first exception that left
  // one, if any; else returns the first error, or OK. Once; the context is
  // cancelled afterwards.
  absl::Status Wait();

 private:
  explicit TaskGroup(std::pair<Context, CancelFunc> made)
      : context_(std::move(made.first)), cancel_(std::move(made.second)) {}

  template <typename F>
  void Start(F&& f) {
    struct Body {
      TaskGroup* group;
      std::decay_t<F> f;
      void operator()() {
        const Slot slot{group};
#ifdef __cpp_exceptions
        try {
          Run();
        } catch (...) {
          std::exception_ptr thrown = std::current_exception();
          if (thrown == nullptr) throw;  // no exception of C++'s: Goexit
          group->Fail(absl::UnknownError("a task has thrown"),
                      std::move(thrown));
        }
#else
        // An exception ends the process, as that of any goroutine.
        Run();
#endif
      }
      [[gnu::always_inline]] void Run() {
        if constexpr (std::is_void_v<std::invoke_result_t<std::decay_t<F>>>) {
          std::move(f)();
        } else {
          const absl::Status status = std::move(f)();
          if (!status.ok()) group->Fail(status, nullptr);
        }
      }
    };
    wg_.Go(Body{this, std::forward<F>(f)});
  }

  // Gives a task's place back, however it ends.
  struct Slot {
    TaskGroup* group;
    ~Slot() {
      if (group->limit_.has_value()) group->limit_->TryRecv();
    }
  };

  void Fail(const absl::Status& status, std::exception_ptr exception);

  const Context context_;
  const CancelFunc cancel_;
  WaitGroup wg_;
  // A value for each task that runs.
  std::optional<Chan<std::monostate>> limit_;
  Mutex mu_;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  std::exception_ptr exception_ ABSL_GUARDED_BY(mu_);
};

}  // namespace heddle

#endif  // RUNTIME_CONTEXT_TASK_GROUP_H_
