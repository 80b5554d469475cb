#include "heddle/runtime/base/throw.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>  // NOLINT

#include "gtest/gtest.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

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
  EXPECT_DEATH(Throw("%s", std::string(2 * kMaxMessage, 'x').c_str()),
               "fatal error: x{1023}\n");
}

TEST(ThrowDeathTest, CutsAPieceThatIsTooLong) {
  const std::string text(2 * kMaxMessage, 'x');
  EXPECT_DEATH(
      {
        PrintErr("%.*s", FormatSize(text), text.data());
        Throw("one");
      },
      "^x{1023}fatal error: one\n");
}

// Calls f, which ends the process, on a stack of `size` bytes. Below the stack
// is a page that nobody may touch.
void RunOnStack(size_t size, void (*f)()) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  ASSERT_LE(size, page);
  void* const pages = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  ASSERT_EQ(mprotect(pages, page, PROT_NONE), 0);
  ucontext_t context;
  ASSERT_EQ(getcontext(&context), 0);
  context.uc_stack.ss_sp = static_cast<char*>(pages) + page;
  context.uc_stack.ss_size = size;
  context.uc_link = nullptr;
  makecontext(&context, f, 0);
  setcontext(&context);
}

TEST(ThrowDeathTest, FourKiBOfStackAreEnough) {
  if (sanitizer::kAsan || sanitizer::kTsan || sanitizer::kMsan) {
    GTEST_SKIP() << "a sanitizer's vsnprintf takes more";
  }
  EXPECT_EXIT(RunOnStack(4096,
                         [] {
                           PrintErr("%s is %d and %#lx at %p\n", "one", -7,
                                    0x1fUL, reinterpret_cast<void*>(0xabc));
                           Throw("broken invariant: %s (%s:%d)", "x == y",
                                 "x.cc", 42);
                         }),
              testing::KilledBySignal(SIGABRT),
              "^one is -7 and 0x1f at 0xabc\n"
              "fatal error: broken invariant: x == y \\(x.cc:42\\)\n$");
}

TEST(ThrowDeathTest, OneKiBOfStackIsEnoughForAPlainText) {
  if (sanitizer::kAsan || sanitizer::kTsan || sanitizer::kMsan) {
    GTEST_SKIP() << "instrumented frames take more";
  }
  EXPECT_EXIT(RunOnStack(1024,
                         [] {
                           PrintErr("one\n");
                           Throw("two");
                         }),
              testing::KilledBySignal(SIGABRT), "^one\nfatal error: two\n$");
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
