#include "heddle/runtime/debug/thread_stack.h"

#include <sys/types.h>

#include <cerrno>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/newosproc.h"

namespace heddle::debug {
namespace {

// The thread has a goroutine's errno, and sleeps inside the runtime: with
// ThreadSanitizer its handler must not be taken for a racing access to that.
TEST(ThreadStackTest, AThreadAnswersFromInsideTheRuntime) {
  heddle::Run(Options{.procs = 2}, [] {
    Chan<pid_t> tid;
    Chan<int> end;
    Go([tid, end] {
      LockOsThread();
      errno = EDOM;
      tid.Send(os::GetTid());
      end.Recv();
    });
    const pid_t asked = *tid.Recv();
    ThreadStack answer;
    for (int i = 0; i < 3; i++) EXPECT_TRUE(AskThread(asked, &answer));
    end.Close();
  });
}

}  // namespace
}  // namespace heddle::debug
