// Each in a child process of its own, whose last words are matched.

#include "heddle/runtime/debug/stack_overflow.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>  // NOLINT

#include "absl/base/attributes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/arch/gobuf.h"
#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/sched.h"
#include "heddle/runtime/sched/switch.h"
#include "heddle/runtime/stack/stack.h"

namespace heddle {

// For compilers, which may warn of a recursion without an end.
volatile bool always = true;

// Outside the unnamed namespace: their names are looked for in the reports.
ABSL_ATTRIBUTE_NOINLINE int RecursesForEver(volatile char* above) {
  volatile char frame[256];
  frame[0] = static_cast<char>(above[0] + 1);
  // Used after the call, which is so no tail call.
  return (always ? RecursesForEver(frame) : 0) + frame[0];
}

ABSL_ATTRIBUTE_NOINLINE int BeginsTheRecursion() {
  volatile char first = 0;
  return RecursesForEver(&first) + first;
}

ABSL_ATTRIBUTE_NOINLINE void StartsOne(const GoOptions& options) {
  Go(options, [] { BeginsTheRecursion(); });
}

ABSL_ATTRIBUTE_NOINLINE int HasALargeFrame() {
  volatile char frame[40 << 10];
  // From the lowest address on, as a buffer is filled.
  for (size_t i = 0; i < sizeof frame; i += 512) frame[i] = 1;
  return frame[512];
}

ABSL_ATTRIBUTE_NOINLINE void WritesTo(volatile int* address) { *address = 1; }

namespace {

class StackOverflowDeathTest : public testing::Test {
 protected:
  void SetUp() override {
    // The child starts afresh: the parent's threads are not in it.
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
  }
};

bool Aborted(int status) {
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

// ---- What is reported ----

TEST_F(StackOverflowDeathTest, InAGoroutine) {
  EXPECT_DEATH(
      heddle::Run(Options{.procs = 2, .stack_size = 64 << 10},
                  [] { StartsOne({}); }),
      "runtime: goroutine [0-9]+ exceeds its stack of 65536 bytes\n"
      "runtime: sp=0x[0-9a-f]+ stack=\\[0x[0-9a-f]+, 0x[0-9a-f]+\\), fault at "
      "0x[0-9a-f]+, [0-9]+ bytes below the stack\n"
      "runtime: to give it more: GoOptions::stack_size where it is started "
      "\\(it has 65536\\), or Options::stack_size of its runtime \\(65536\\)\n"
      "fatal error: stack overflow\n\n"
      "goroutine [0-9]+ \\[running\\]:\n"
      "([^\n]+\n\t/[^\n]+\n){0,9}"  // a sanitizer's
      "(heddle::RecursesForEver\\(\\)\n\t/[^\n]+\\+0x[0-9a-f]+\n){41,50}"
      "\\.\\.\\.[0-9]+ frames elided\\.\\.\\.\n"
      "(heddle::RecursesForEver\\(\\)\n\t/[^\n]+\\+0x[0-9a-f]+\n)+"
      "heddle::BeginsTheRecursion\\(\\)\n(.|\n)*"
      "created by heddle::StartsOne\\(\\) in goroutine 1\n");
}

TEST_F(StackOverflowDeathTest, InTheMainGoroutine) {
  EXPECT_DEATH(heddle::Run([] { BeginsTheRecursion(); }),
               "runtime: goroutine 1 exceeds its stack of 65536 bytes\n"
               "(.|\n)*fatal error: stack overflow\n\n"
               "goroutine 1 \\[running\\]:\n");
}

TEST_F(StackOverflowDeathTest, SaysItsNameAndSizes) {
  EXPECT_DEATH(
      heddle::Run(
          Options{.stack_size = 128 << 10},
          [] { StartsOne({.stack_size = 32 << 10, .name = "the parser"}); }),
      "runtime: goroutine [0-9]+ \"the parser\" exceeds its stack of 32768 "
      "bytes\n"
      "(.|\n)*\\(it has 32768\\), or Options::stack_size of its runtime "
      "\\(131072\\)\n");
}

// Some frames fewer than are printed: none is elided, and none told twice.
TEST_F(StackOverflowDeathTest, AStackOfFewFrames) {
  EXPECT_DEATH(
      heddle::Run([] {
        Go({.stack_size = 8 << 10}, [] {
          // Nothing but this frame.
          volatile char* sp =
              static_cast<volatile char*>(__builtin_frame_address(0));
          for (;; sp -= 512) *sp = *sp;
        });
        Yield();
      }),
      "fatal error: stack overflow\n\ngoroutine [0-9]+ \\[running\\]:\n"
      "([^\n]+\n\t/[^\n]+\\+0x[0-9a-f]+\n){1,3}"
      "created by [^\n]+ in goroutine 1\n");
}

// Of goroutines that wait, one whose stack lies just above another one's gets
// a frame that reaches into that one, which nobody may touch then.
ABSL_ATTRIBUTE_NOINLINE void JumpOverTheGuard() {
  constexpr int kMany = 16;
  constexpr uintptr_t kPage = 4 << 10;
  static stack::Stack stacks[kMany];
  static WaitGroup gates[kMany];
  for (int i = 0; i < kMany; i++) {
    gates[i].Add(1);
    Go({.stack_size = 32 << 10}, [i] {
      stacks[i] = sched::Getg()->stack;
      gates[i].Wait();
      HasALargeFrame();
    });
  }
  for (const stack::Stack& stack : stacks) {
    while (!stack) Yield();
  }
  for (int above = 0; above < kMany; above++) {
    for (const stack::Stack& below : stacks) {
      const uintptr_t between = stacks[above].lo - below.hi;
      if (between == 0 || between > kPage) continue;
      mprotect(reinterpret_cast<void*>(below.lo), below.size(), PROT_NONE);
      gates[above].Done();
      Yield();
    }
  }
}

// The guard is one page: what is below it may be anything. Here it is nothing.
TEST_F(StackOverflowDeathTest, AFrameThatJumpsOverTheGuard) {
  if (sanitizer::kAsan) GTEST_SKIP() << "ASan keeps such frames elsewhere";
  EXPECT_DEATH(heddle::Run(Options{.procs = 1}, JumpOverTheGuard),
               "exceeds its stack of 32768 bytes\n(.|\n)*, "
               "([5-9]...|1....) bytes below the stack\n(.|\n)*"
               "fatal error: stack overflow\n\n"
               "goroutine [0-9]+ \\[running\\]:\n"
               "heddle::HasALargeFrame\\(\\)\n");
}

TEST_F(StackOverflowDeathTest, InTheSecondRuntime) {
  EXPECT_DEATH(
      {
        Runtime first({.stack_size = 16 << 10});
        first.Run([] {});
        std::thread([] {
          heddle::Run(Options{.stack_size = 32 << 10},
                      [] { StartsOne({.name = "of the second"}); });
        }).join();
      },
      "\"of the second\" exceeds its stack of 32768 bytes\n"
      "(.|\n)*of its runtime \\(32768\\)\n");
}

TEST_F(StackOverflowDeathTest, InARuntimeInsideAGoroutine) {
  EXPECT_DEATH(heddle::Run(Options{.stack_size = 256 << 10},
                           [] {
                             heddle::Run(Options{.stack_size = 32 << 10},
                                         [] { BeginsTheRecursion(); });
                           }),
               "runtime: goroutine 1 exceeds its stack of 32768 bytes\n");
}

TEST_F(StackOverflowDeathTest, InBlocking) {
  EXPECT_DEATH(
      heddle::Run([] { Go([] { Blocking([] { BeginsTheRecursion(); }); }); }),
      "fatal error: stack overflow\n");
}

TEST_F(StackOverflowDeathTest, OfG0) {
  EXPECT_DEATH(
      heddle::Run(
          Options{.procs = 2},
          [] { Go([] { sched::SystemStack([] { BeginsTheRecursion(); }); }); }),
      "runtime: the g0 stack of thread [0-9]+ is exceeded\n(.|\n)*"
      "fatal error: stack overflow\n\ngoroutine [0-9]+ \\[running\\]:\n(.|\n)*"
      "heddle::RecursesForEver\\(\\)\n");
}

// On a thread whose stack for signals is its own, with 1 KiB more than the
// kernel needs, and a guard below.
void OverflowWithASmallSignalStack() {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const auto size = static_cast<size_t>(sysconf(_SC_MINSIGSTKSZ)) + (1 << 10);
  char* memory =
      static_cast<char*>(mmap(nullptr, page + size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  stack_t own = {};
  own.ss_sp = memory + page;
  own.ss_size = size;
  if (mprotect(memory, page, PROT_NONE) != 0 ||
      sigaltstack(&own, nullptr) != 0) {
    _exit(4);
  }
  heddle::Run(Options{.procs = 1}, [] { BeginsTheRecursion(); });
}

TEST_F(StackOverflowDeathTest, OnASmallSignalStack) {
  if (sanitizer::kAsan || sanitizer::kTsan) {
    GTEST_SKIP() << "the sanitizer's handlers need more";
  }
  EXPECT_EXIT(OverflowWithASmallSignalStack(), Aborted,
              "fatal error: stack overflow\n\ngoroutine 1 (.|\n)*"
              "heddle::BeginsTheRecursion\\(\\)\n");
}

TEST_F(StackOverflowDeathTest, TellsOfTheOtherGoroutines) {
  // On one P, which nobody takes: main waits before the other begins.
  EXPECT_DEATH(heddle::Run(Options{.procs = 1, .preempt = false},
                           [] {
                             WaitGroup never;
                             never.Add(1);
                             StartsOne({});
                             never.Wait();
                           }),
               "fatal error: stack overflow\n\ngoroutine [0-9]+ (.|\n)*"
               "\n\ngoroutine 1 \\[semacquire\\]:\n");
}

MATCHER(HasOneReport, "has one report") {
  constexpr char kTitle[] = "fatal error: stack overflow";
  const size_t first = arg.find(kTitle);
  return first != std::string::npos &&
         arg.find(kTitle, first + 1) == std::string::npos;
}

TEST_F(StackOverflowDeathTest, OfTwoGoroutinesAtOnce) {
  static std::atomic<int> ready;
  EXPECT_DEATH(heddle::Run(Options{.procs = 2},
                           [] {
                             for (int i = 0; i < 2; i++) {
                               Go([] {
                                 ready++;
                                 while (ready != 2) Yield();
                                 BeginsTheRecursion();
                               });
                             }
                           }),
               HasOneReport());
}

// ---- How it ends ----

// A process that dies already has a report.
TEST_F(StackOverflowDeathTest, OfOneThatDies) {
  EXPECT_EXIT(heddle::Run([] {
                base::ClaimDeath();
                BeginsTheRecursion();
              }),
              Aborted, "^$");
}

// So that there is a core.
TEST_F(StackOverflowDeathTest, Aborts) {
  if (sanitizer::kAsan || sanitizer::kTsan) {
    GTEST_SKIP() << "the sanitizer's handler, called next, ends the process";
  }
  EXPECT_EXIT(heddle::Run([] { BeginsTheRecursion(); }), Aborted,
              "fatal error: stack overflow\n");
}

// The sanitizers' own reports come after ours.
TEST_F(StackOverflowDeathTest, TheSanitizerReportsToo) {
  if (!sanitizer::kAsan) GTEST_SKIP() << "no AddressSanitizer here";
  EXPECT_DEATH(heddle::Run([] { BeginsTheRecursion(); }),
               "fatal error: stack overflow\n(.|\n)*"
               "ERROR: AddressSanitizer: (SEGV|stack-overflow)");
}

void Formers(int signal, siginfo_t* info, void* /*context*/) {
  char text[64];
  const int n = snprintf(text, sizeof text, "the former: signal %d at %p\n",
                         signal, info->si_addr);
  if (write(STDERR_FILENO, text, static_cast<size_t>(n)) != n) _exit(4);
  _exit(3);
}

void InstallFormers(int flags) {
  struct sigaction action = {};
  action.sa_sigaction = Formers;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

TEST_F(StackOverflowDeathTest, TheFormerHandlerIsCalledAfterIt) {
  EXPECT_EXIT(
      {
        InstallFormers(0);
        heddle::Run([] { BeginsTheRecursion(); });
      },
      testing::ExitedWithCode(3),
      "fatal error: stack overflow\n(.|\n)*"
      "the former: signal 11 at 0x[0-9a-f]+\n");
}

// ---- What is none ----

// Not the null pointer itself, which UBSan finds before it is used.
volatile int* Null() {
  static volatile uintptr_t null = 16;
  return reinterpret_cast<volatile int*>(null);
}

TEST_F(StackOverflowDeathTest, ANullPointerInAGoroutine) {
  EXPECT_EXIT(
      {
        InstallFormers(0);
        heddle::Run([] { Go([] { WritesTo(Null()); }); });
      },
      testing::ExitedWithCode(3), "^the former: signal 11 at 0x10\n$");
}

TEST_F(StackOverflowDeathTest, ANullPointerOnAPlainThread) {
  EXPECT_EXIT(
      {
        InstallFormers(0);
        heddle::Run([] {});
        std::thread([] { WritesTo(Null()); }).join();
      },
      testing::ExitedWithCode(3), "^the former: signal 11 at 0x10\n$");
}

// Another goroutine's stack is not this one's.
TEST_F(StackOverflowDeathTest, ThePageOfAnothersGuard) {
  EXPECT_EXIT(
      {
        InstallFormers(0);
        heddle::Run([] {
          std::atomic<uintptr_t> lo{0};
          Go([&] {
            lo = sched::Getg()->stack.lo;
            while (lo != 0) Yield();
          });
          while (lo == 0) Yield();
          WritesTo(reinterpret_cast<volatile int*>(lo.load() - 8));
        });
      },
      testing::ExitedWithCode(3), "^the former: signal 11 at 0x[0-9a-f]+\n$");
}

// A stack of the user's own inside a goroutine: its stack pointer says nothing.
TEST_F(StackOverflowDeathTest, ANullPointerOnAnotherStack) {
  EXPECT_EXIT(
      {
        InstallFormers(0);
        heddle::Run([] {
          static char memory[64 << 10];
          arch::Systemstack(
              reinterpret_cast<uintptr_t>(memory) + sizeof memory,
              [](void*) { WritesTo(Null()); }, nullptr);
        });
      },
      testing::ExitedWithCode(3), "^the former: signal 11 at 0x10\n$");
}

bool Segv(int status) {
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

bool Bus(int status) {
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS;
}

void WithoutFormers() {
  signal(SIGSEGV, SIG_DFL);
  signal(SIGBUS, SIG_DFL);
}

// The core is of the fault itself.
TEST_F(StackOverflowDeathTest, TheDefaultActionOfANullPointer) {
  EXPECT_EXIT(
      {
        WithoutFormers();
        heddle::Run([] { Go([] { WritesTo(Null()); }); });
      },
      Segv, "^$");
}

TEST_F(StackOverflowDeathTest, TheDefaultActionOfASignalThatIsSent) {
  EXPECT_EXIT(
      {
        WithoutFormers();
        heddle::Run([] {
          raise(SIGBUS);
          fputs("not reached\n", stderr);
        });
      },
      Bus, "^$");
}

TEST_F(StackOverflowDeathTest, AnIgnoredSignalThatIsSent) {
  EXPECT_EXIT(
      {
        signal(SIGSEGV, SIG_IGN);
        heddle::Run([] {
          raise(SIGSEGV);
          errno = ERANGE;
          raise(SIGSEGV);
          if (errno == ERANGE) fputs("gone on\n", stderr);
        });
        _exit(5);
      },
      testing::ExitedWithCode(5), "^gone on\n$");
}

}  // namespace
}  // namespace heddle
