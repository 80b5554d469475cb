#include "heddle/runtime/os/quiet_threads.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <cerrno>
#include <thread>  // NOLINT

#include "gtest/gtest.h"
#include "heddle/runtime/os/note.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::os {
namespace {

using sanitizer::kBackgroundThreads;

// A joined thread may be listed for some microseconds yet.
void WaitForThreads(int n) {
  while (ThreadCount() != n) std::this_thread::yield();
}

// After this the sanitizer has its threads.
class QuietThreadsTest : public testing::Test {
 protected:
  QuietThreadsTest() {
    std::thread([] {}).join();
    WaitForThreads(1 + kBackgroundThreads);
  }
};

TEST_F(QuietThreadsTest, ThreadsAreCounted) {
  errno = 7;
  const int before = ThreadCount();
  EXPECT_EQ(before, 1 + kBackgroundThreads);
  EXPECT_EQ(errno, 7);
  Note note;
  std::thread thread([&] { note.Sleep(); });
  EXPECT_EQ(ThreadCount(), before + 1);
  note.Wakeup();
  thread.join();
  WaitForThreads(before);
}

TEST_F(QuietThreadsTest, WithoutADescriptor) {
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_EQ(ThreadCount(), 1 + kBackgroundThreads);
  Note note;
  std::thread thread([&] { note.Sleep(); });
  EXPECT_EQ(ThreadCount(), 2 + kBackgroundThreads);
  note.Wakeup();
  thread.join();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST_F(QuietThreadsTest, AnyProgramName) {
  char name[16];
  prctl(PR_GET_NAME, name);
  for (const char* odd : {"a) b", ") 1 2 3", "((", "))"}) {
    prctl(PR_SET_NAME, odd);
    EXPECT_EQ(ThreadCount(), 1 + kBackgroundThreads) << odd;
  }
  prctl(PR_SET_NAME, name);
}

TEST_F(QuietThreadsTest, AllAreOnlyIfEachIs) {
  EXPECT_FALSE(AllThreadsQuiet(kBackgroundThreads));
  EXPECT_TRUE(AllThreadsQuiet(kBackgroundThreads + 1));
  EnterQuiet();
  EXPECT_EQ(QuietThreads(), 1);
  EXPECT_TRUE(AllThreadsQuiet(kBackgroundThreads));

  Note entered;
  Note leave;
  std::thread thread([&] {
    EnterQuiet();
    entered.Wakeup();
    leave.Sleep();
  });
  entered.Sleep();
  EXPECT_EQ(QuietThreads(), 2);
  EXPECT_TRUE(AllThreadsQuiet(kBackgroundThreads));
  LeaveQuiet();
  EXPECT_FALSE(AllThreadsQuiet(kBackgroundThreads));
  leave.Wakeup();
  thread.join();
  WaitForThreads(1 + kBackgroundThreads);
  EXPECT_TRUE(AllThreadsQuiet(kBackgroundThreads));
  LeaveQuiet();
  EXPECT_EQ(QuietThreads(), 0);
  EXPECT_FALSE(AllThreadsQuiet(kBackgroundThreads));
}

}  // namespace
}  // namespace heddle::os
