#include "heddle/runtime/context/task_group.h"

#include "heddle/runtime/base/throw.h"

namespace heddle {

TaskGroup::~TaskGroup() {
  cancel_();
  wg_.Wait();
}

void TaskGroup::SetLimit(int n) {
  if (limit_.has_value() && limit_->len() != 0) {
    base::FatalText("heddle::TaskGroup::SetLimit while tasks run");
  }
  limit_.reset();
  if (n >= 0) limit_.emplace(static_cast<size_t>(n));
}

absl::Status TaskGroup::Wait() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  wg_.Wait();
  cancel_();
  // All tasks have ended: nobody else is here.
  if (exception_ != nullptr) {
    std::rethrow_exception(std::exchange(exception_, nullptr));
  }
  return status_;
}

void TaskGroup::Fail(const absl::Status& status, std::exception_ptr exception)
    ABSL_NO_THREAD_SAFETY_ANALYSIS {
  mu_.Lock();
  if (status_.ok()) status_ = status;
  if (exception != nullptr && exception_ == nullptr) {
    exception_ = std::move(exception);
  }
  mu_.Unlock();
  cancel_(status);
}

}  // namespace heddle
