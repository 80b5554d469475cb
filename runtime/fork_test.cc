// fork without exec: what a child can use, and what says that it cannot be
// used.

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>  // NOLINT

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

using ::testing::HasSubstr;

struct Ended {
  int status;
  std::string text;  // standard error
};

// Calls f() in a child, which then exits with 0.
template <typename F>
Ended InChild(F f) {
  int fds[2];
  EXPECT_EQ(pipe(fds), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(fds[1], STDERR_FILENO);
    close(fds[0]);
    f();
    _exit(0);
  }
  close(fds[1]);
  Ended ended;
  char buffer[512];
  for (ssize_t n; (n = read(fds[0], buffer, sizeof buffer)) > 0;) {
    ended.text.append(buffer, static_cast<size_t>(n));
  }
  close(fds[0]);
  EXPECT_EQ(waitpid(child, &ended.status, 0), child);
  return ended;
}

void ExpectExit(const Ended& ended, int code) {
  EXPECT_TRUE(WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == code)
      << ended.status << ended.text;
}

void ExpectFatal(const Ended& ended, const std::string& text) {
  EXPECT_TRUE(WIFSIGNALED(ended.status) && WTERMSIG(ended.status) == SIGABRT)
      << ended.status;
  EXPECT_THAT(ended.text, HasSubstr(text));
}

// All that a program may have had before.
void UseEverything() {
  heddle::Run(Options{.procs = 2}, [] {
    Mutex mutex;
    WaitGroup wg;
    const Chan<int> c;
    int n = 0;
    for (int i = 0; i < 20; i++) {
      wg.Go([&] {
        mutex.Lock();
        Yield();
        n++;
        mutex.Unlock();
        c.Send(1);
      });
    }
    for (int i = 0; i < 20; i++) c.Recv();
    wg.Wait();
    Sleep(absl::Milliseconds(1));
    Blocking([] { usleep(100); });
    if (n != 20) std::abort();
  });
  Timer timer(absl::Milliseconds(1));
  timer.C().Recv();
}

TEST(ForkTest, AChildHasARuntimeOfItsOwn) {
  UseEverything();
  ExpectExit(InChild(UseEverything), 0);
  UseEverything();
}

TEST(ForkTest, AChildOfAChild) {
  ExpectExit(InChild([] { ExpectExit(InChild(UseEverything), 0); }), 0);
}

// While others are at work, locks held and all.
TEST(ForkTest, BesideABusyRuntime) {
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    heddle::Run(Options{.procs = 2}, [&] {
      WaitGroup wg;
      for (int i = 0; i < 4; i++) {
        wg.Go([&] {
          while (!stop) {
            Go([] { Yield(); });
            Sleep(absl::Microseconds(10));
          }
        });
      }
      wg.Wait();
    });
  });
  for (int i = 0; i < 20; i++) ExpectExit(InChild(UseEverything), 0);
  stop = true;
  busy.join();
}

TEST(ForkTest, TimersOfPlainThreadsFireInTheChild) {
  // Its thread is the parent's.
  Timer before(absl::Hours(1));
  Timer armed(absl::Milliseconds(20));
  const Ended ended = InChild([&] {
    Timer timer(absl::Milliseconds(1));
    timer.C().Recv();
    before.Reset(absl::Milliseconds(1));
    before.C().Recv();
    armed.C().Recv();
  });
  ExpectExit(ended, 0);
  EXPECT_TRUE(before.Stop());
}

TEST(ForkTest, ADeadlockIsReportedInTheChild) {
  UseEverything();
  const Ended ended = InChild([] {
    heddle::Run([] {
      const Chan<int> never;
      never.Recv();
    });
  });
  ExpectFatal(ended, "all goroutines are asleep - deadlock!");
}

TEST(ForkTest, AnInheritedRuntimeSaysSo) {
  Runtime runtime(Options{.procs = 2});
  runtime.Run([] {});
  ExpectFatal(InChild([&] { runtime.Run([] {}); }),
              "a runtime was used after fork");
  ExpectFatal(InChild([&] { runtime.Go([] {}); }),
              "a runtime was used after fork");
  // Its end is nothing.
  auto other = std::make_unique<Runtime>();
  ExpectExit(InChild([&] { other.reset(); }), 0);
  runtime.Run([] {});
}

TEST(ForkTest, ARuntimeThatHasNotRunIsTheChildsToo) {
  Runtime runtime(Options{.procs = 2});
  std::atomic<int> n{0};
  runtime.Go([&] { n++; });
  ExpectExit(InChild([&] {
               runtime.Run([] {});
               if (n != 1) std::abort();
             }),
             0);
  runtime.Run([] {});
  EXPECT_EQ(n, 1);
}

TEST(ForkTest, OnAGoroutine) {
  heddle::Run(Options{.procs = 2}, [] {
    Go([] { Sleep(absl::Milliseconds(1)); });
    // It may run on, and end; a program that is executed knows nothing.
    ExpectExit(InChild([] { _exit(3); }), 3);
    ExpectExit(InChild([] { execl("/bin/sh", "sh", "-c", "exit 4", nullptr); }),
               4);
    // But wait for nobody.
    ExpectFatal(InChild([] { Chan<int>().Recv(); }),
                "a runtime was used after fork");
  });
}

}  // namespace
}  // namespace heddle
