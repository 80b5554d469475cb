#include "runtime/base/throw.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>  // NOLINT

#include "gtest/gtest.h"

namespace heddle::base {
namespace {

TEST(ThrowDeathTest, PrintsTheTextAndAborts) {
  EXPECT_EXIT(Throw("stack of %d bytes: %s", 42, "no memory"),
              testing::KilledBySignal(SIGABRT),
              "fatal error: stack of 42 bytes: no memory\n");
}

TEST(ThrowDeathTest, DetailsComeBeforeTheText) {
  EXPECT_DEATH(
      {
        PrintErr("runtime: have %d threads\n", 7);
        Throw("newosproc");
      },
      "runtime: have 7 threads\nfatal error: newosproc\n");
}

// Standard error as a socket that keeps the calls apart: the hook reads back
// what the first one wrote.
TEST(ThrowDeathTest, ALineIsOneWrite) {
  static std::array<int, 2> calls;
  static int err;
  EXPECT_EXIT(
      {
        err = dup(STDERR_FILENO);
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, calls.data()), 0);
        dup2(calls[0], STDERR_FILENO);
        SetFatalHook([](Blame, uintptr_t) {
          std::array<char, 128> text;
          const ssize_t n = recv(calls[1], text.data(), text.size(), 0);
          dup2(err, STDERR_FILENO);
          WriteErr({text.data(), static_cast<size_t>(n)});
        });
        ThrowText("one");
      },
      testing::KilledBySignal(SIGABRT), "^fatal error: one\n$");
}

void PrintBlame(Blame blame, uintptr_t pc) {
  EXPECT_NE(pc, 0);
  WriteErr(blame == Blame::kRuntime ? "the runtime\n" : "the program\n");
}

TEST(ThrowDeathTest, TheHookComesLast) {
  SetFatalHook(PrintBlame);
  EXPECT_EXIT(ThrowText("one"), testing::KilledBySignal(SIGABRT),
              "^fatal error: one\nthe runtime\n$");
  EXPECT_EXIT(FatalText("two"), testing::KilledBySignal(SIGABRT),
              "^fatal error: two\nthe program\n$");
  SetFatalHook(nullptr);
}

TEST(ThrowDeathTest, AnErrorInTheHookEndsIt) {
  SetFatalHook([](Blame, uintptr_t) { ThrowText("two"); });
  EXPECT_EXIT(ThrowText("one"), testing::KilledBySignal(SIGABRT),
              "^fatal error: one\nfatal error: two\n$");
  SetFatalHook(nullptr);
}

// The second thread waits until the first has told all.
TEST(ThrowDeathTest, TheHookIsCalledOnce) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        static std::atomic<bool> second{false};
        SetFatalHook([](Blame, uintptr_t) {
          WriteErr("begin\n");
          static std::thread* thread = new std::thread([] {
            second = true;
            ThrowText("two");
          });
          EXPECT_TRUE(thread->joinable());
          while (!second) std::this_thread::yield();
          for (int i = 0; i < 100; i++) std::this_thread::yield();
          WriteErr("end\n");
        });
        ThrowText("one");
      },
      testing::KilledBySignal(SIGABRT),
      "^fatal error: one\nbegin\n(fatal error: two\n)?end\n"
      "(fatal error: two\n)?$");
}

TEST(ThrowDeathTest, CutsATextThatIsTooLong) {
  EXPECT_DEATH(Throw("%s", std::string(2 * kMaxMessage, 'x')),
               "fatal error: x{1023}\n");
}

TEST(ThrowDeathTest, DcheckNamesTheInvariant) {
#ifdef NDEBUG
  HEDDLE_DCHECK(1 + 1 == 3);
#else
  EXPECT_DEATH(HEDDLE_DCHECK(1 + 1 == 3),
               "broken invariant: 1 \\+ 1 == 3 \\(.*throw_test.cc:");
#endif
}

}  // namespace
}  // namespace heddle::base
