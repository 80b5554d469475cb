// heddle::Goexit, and exceptions that leave a goroutine.

#include <pthread.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle {
namespace {

using ::testing::ElementsAre;

struct Logs {
  std::vector<std::string>* log;
  std::string text;
  ~Logs() { log->push_back(text); }
};

__attribute__((noinline)) void Inner(std::vector<std::string>* log) {
  const Logs inner{log, "inner"};
  Goexit();
}

TEST(GoexitTest, RunsTheDestructorsOfItsFrames) {
  std::vector<std::string> log;
  heddle::Run([&] {
    WaitGroup wg;
    wg.Go([&] {
      const Logs outer{&log, "outer"};
      Inner(&log);
      log.emplace_back("not reached");
    });
    wg.Wait();
  });
  EXPECT_THAT(log, ElementsAre("inner", "outer"));
}

TEST(GoexitTest, DestroysTheCallable) {
  std::vector<std::string> log;
  heddle::Run([&] {
    auto captured = std::make_unique<Logs>(Logs{&log, "captured"});
    log.clear();  // of the temporary above
    Go([captured = std::move(captured)] { Goexit(); });
  });
  EXPECT_THAT(log, ElementsAre("captured"));
}

TEST(GoexitTest, HandlersDoNotStopIt) {
  bool after = false;
  bool handled = false;
  bool rethrown = false;
  heddle::Run(Options{.procs = 1, .preempt = false}, [&] {
    WaitGroup wg;
    wg.Go([&] {
      try {
        try {
          Goexit();
        } catch (const std::exception&) {
          handled = true;
        }
      } catch (...) {
        rethrown = true;
        throw;
      }
      after = true;
    });
    wg.Wait();
    // It was in flight when its goroutine ended: that is nobody's, now.
    EXPECT_EQ(std::uncaught_exceptions(), 0);
  });
  EXPECT_FALSE(after);
  EXPECT_FALSE(handled);
  EXPECT_TRUE(rethrown);
}

TEST(GoexitTest, InsideACatchBlock) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    for (int i = 0; i < 10; i++) {
      Go([] {
        try {
          throw std::runtime_error("caught");
        } catch (const std::runtime_error&) {
          Goexit();
        }
      });
      Go([] { EXPECT_EQ(std::current_exception(), nullptr); });
    }
  });
}

TEST(GoexitTest, OfMainLetsTheOthersGoOn) {
  std::atomic<int> n{0};
  const int result = heddle::Run([&]() -> int {
    for (int i = 0; i < 100; i++) {
      Go([&] {
        Yield();
        n++;
      });
    }
    Goexit();
  });
  EXPECT_EQ(result, 0);
  EXPECT_EQ(n, 100);
}

TEST(GoexitTest, TenThousand) {
  std::atomic<int> n{0};
  heddle::Run(Options{.procs = 2}, [&] {
    for (int i = 0; i < 10'000; i++) {
      Go([&] {
        n++;
        Goexit();
      });
      if (i % 100 == 0) Yield();
    }
  });
  EXPECT_EQ(n, 10'000);
}

TEST(GoexitDeathTest, SwallowedByACatchAll) {
  EXPECT_DEATH(heddle::Run([] {
                 try {
                   Goexit();
                 } catch (...) {
                 }
               }),
               "fatal error: a catch \\(...\\) block ended heddle::Goexit");
}

TEST(GoexitDeathTest, OutsideAGoroutine) {
  EXPECT_DEATH(Goexit(),
               "fatal error: heddle::Goexit called outside a goroutine");
}

TEST(GoexitDeathTest, OfMainWithNothingLeftUnderAbandon) {
  EXPECT_DEATH(heddle::Run(Options{.on_main_return = OnMainReturn::kAbandon},
                           [] { Goexit(); }),
               "fatal error: no goroutines \\(main called heddle::Goexit\\) - "
               "deadlock!");
}

TEST(PanicDeathTest, AnExceptionThatLeavesAGoroutine) {
  EXPECT_DEATH(heddle::Run([] {
                 WaitGroup wg;
                 Go([] { throw std::runtime_error("no thread of mine"); });
                 wg.Add(1);
                 wg.Wait();
               }),
               "panic: no thread of mine\n\ngoroutine 2 \\[running\\]:\n"
               "(.|\n)*created by .* in goroutine 1\n");
}

TEST(PanicDeathTest, AnExceptionOfAnotherType) {
  struct Odd {};
  EXPECT_DEATH(heddle::Run([] { throw Odd(); }),
               "panic: an exception of type .*Odd\n\n"
               "goroutine 1 \\[running\\]:\n");
  EXPECT_DEATH(heddle::Run([] { throw std::string("text"); }), "panic: text\n");
}

// Not as a thread ends.
TEST(GoexitDeathTest, PthreadExitIsNone) {
  if (sanitizer::kTsan) {
    GTEST_SKIP() << "ThreadSanitizer dies of pthread_exit on a fiber itself";
  }
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      heddle::Run(Options{.procs = 2},
                  [] {
                    Go([] { pthread_exit(nullptr); });
                    Sleep(absl::Hours(1));
                  }),
      "runtime: goroutine [0-9]+ has called pthread_exit(.|\n)*"
      "heddle::Goexit(.|\n)*fatal error: a goroutine ended its thread");
  EXPECT_DEATH(heddle::Run([] { pthread_exit(nullptr); }),
               "runtime: goroutine 1 has called pthread_exit");
}

TEST(PanicDeathTest, AnExceptionThatSaysNothing) {
  struct Silent : std::exception {
    const char* what() const noexcept override { return nullptr; }
  };
  EXPECT_DEATH(
      heddle::Run([] { throw Silent(); }),
      "panic: an exception of type .*Silent whose what\\(\\) is null\n\n"
      "goroutine 1 \\[running\\]:\n");
  EXPECT_DEATH(heddle::Run([] { throw static_cast<const char*>(nullptr); }),
               "panic: an exception of type char const\\* that is null\n");
}

TEST(PanicDeathTest, OtherThreadsHaveTheirOwnHandler) {
  EXPECT_DEATH(
      {
        std::set_terminate([] {
          fputs("mine\n", stderr);
          abort();
        });
        heddle::Run([] {});
        std::thread([] { throw 1; }).join();
      },
      "mine\n");
}

}  // namespace
}  // namespace heddle
