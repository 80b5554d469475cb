#include "heddle/runtime/context/context.h"

#include <unordered_set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/clock.h"
#include "heddle/runtime/sync/mutex.h"
#include "heddle/runtime/time/time.h"

namespace heddle {
namespace {

// std::lock_guard, which clang's analysis of locks knows.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mu) ABSL_EXCLUSIVE_LOCK_FUNCTION(mu) : mu_(mu) {
    mu_->Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mu_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mu_;
};

}  // namespace

namespace context_internal {

// Locks are taken one at a time.
struct State {
  State(std::shared_ptr<State> parent, std::optional<absl::Time> deadline)
      : deadline(deadline), parent(std::move(parent)) {}

  const std::optional<absl::Time> deadline;
  const Chan<std::monostate> done;

  Mutex mu;
  // Written before `done` is closed, and never again.
  absl::Status err ABSL_GUARDED_BY(mu);
  absl::Status cause ABSL_GUARDED_BY(mu);
  // The parent, until one of the two is cancelled.
  std::shared_ptr<State> parent ABSL_GUARDED_BY(mu);
  std::unordered_set<std::shared_ptr<State>> children ABSL_GUARDED_BY(mu);
  std::optional<Timer> timer ABSL_GUARDED_BY(mu);
};

namespace {

// Cancels s alone, if it is not; moves its children to *children and what else
// it leaves to the caller, who holds no lock.
struct Left {
  std::shared_ptr<State> parent;
  std::optional<Timer> timer;
};
Left CancelOne(State* s, const absl::Status& err, const absl::Status& cause,
               std::vector<std::shared_ptr<State>>* children) {
  Left left;
  const MutexLock lock(&s->mu);
  if (!s->err.ok()) return left;
  s->err = err;
  s->cause = cause;
  s->done.Close();
  children->insert(children->end(), s->children.begin(), s->children.end());
  s->children.clear();
  left.parent = std::move(s->parent);
  left.timer = std::move(s->timer);
  return left;
}

// Cancels s and all below. (cancelCtx.cancel)
void Cancel(const std::shared_ptr<State>& s, const absl::Status& err,
            const absl::Status& cause) {
  std::vector<std::shared_ptr<State>> todo;
  Left left = CancelOne(s.get(), err, cause, &todo);
  if (left.timer.has_value()) left.timer->Stop();
  while (!todo.empty()) {
    const std::shared_ptr<State> child = std::move(todo.back());
    todo.pop_back();
    Left of_child = CancelOne(child.get(), err, cause, &todo);
    if (of_child.timer.has_value()) of_child.timer->Stop();
  }
  if (left.parent != nullptr) {
    const MutexLock lock(&left.parent->mu);
    left.parent->children.erase(s);
  }
}

// Makes a child of `parent`, which may be null, or done. (propagateCancel)
std::shared_ptr<State> NewState(const std::shared_ptr<State>& parent,
                                std::optional<absl::Time> deadline) {
  auto child = std::make_shared<State>(parent, deadline);
  if (parent == nullptr) return child;
  absl::Status err;
  absl::Status cause;
  {
    const MutexLock lock(&parent->mu);
    err = parent->err;
    cause = parent->cause;
    if (err.ok()) parent->children.insert(child);
  }
  if (!err.ok()) Cancel(child, err, cause);
  return child;
}

absl::Status DeadlineExceeded() {
  return absl::DeadlineExceededError("context deadline exceeded");
}

}  // namespace
}  // namespace context_internal

using context_internal::Cancel;
using context_internal::State;

const Chan<std::monostate>& Context::Done() const {
  static const auto* const never =
      new Chan<std::monostate>(Chan<std::monostate>::Nil());
  return state_ == nullptr ? *never : state_->done;
}

absl::Status Context::Err() const {
  if (state_ == nullptr || !state_->done.closed()) return absl::OkStatus();
  const MutexLock lock(&state_->mu);
  return state_->err;
}

absl::Status Context::Cause() const {
  if (state_ == nullptr || !state_->done.closed()) return absl::OkStatus();
  const MutexLock lock(&state_->mu);
  return state_->cause;
}

std::optional<absl::Time> Context::Deadline() const {
  return state_ == nullptr ? std::nullopt : state_->deadline;
}

const void* Context::FindValue(const void* key) const {
  for (const auto* v = values_.get(); v != nullptr; v = v->parent.get()) {
    if (v->key == key) return v->value.get();
  }
  return nullptr;
}

void CancelFunc::operator()(const absl::Status& cause) const {
  const absl::Status err = absl::CancelledError("context canceled");
  Cancel(state_, err, cause.ok() ? err : cause);
}

std::pair<Context, CancelFunc> WithCancel(const Context& parent) {
  Context child = parent;
  child.state_ = context_internal::NewState(parent.state_, parent.Deadline());
  return {child, CancelFunc(child.state_)};
}

std::pair<Context, CancelFunc> WithDeadline(const Context& parent,
                                            absl::Time deadline) {
  const std::optional<absl::Time> of_parent = parent.Deadline();
  if (of_parent.has_value() && *of_parent <= deadline) {
    return WithCancel(parent);
  }
  Context child = parent;
  child.state_ = context_internal::NewState(parent.state_, deadline);
  const std::shared_ptr<State>& s = child.state_;
  const absl::Duration left = deadline - absl::Now();
  if (left <= absl::ZeroDuration()) {
    Cancel(s, context_internal::DeadlineExceeded(),
           context_internal::DeadlineExceeded());
  } else {
    const MutexLock lock(&s->mu);
    if (s->err.ok()) {
      s->timer = AfterFunc(left, [s] {
        Cancel(s, context_internal::DeadlineExceeded(),
               context_internal::DeadlineExceeded());
      });
    }
  }
  return {child, CancelFunc(child.state_)};
}

std::pair<Context, CancelFunc> WithTimeout(const Context& parent,
                                           absl::Duration timeout) {
  return WithDeadline(parent, absl::Now() + timeout);
}

}  // namespace heddle
