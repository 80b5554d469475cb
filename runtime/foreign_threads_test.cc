// Threads that heddle did not make, several runtimes in one process, and what a
// runtime leaves behind: nothing.

#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/process_for_test.h"
#include "heddle/runtime/os/quiet_threads.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle {
namespace {

constexpr int kFewer = sanitizer::kTsan ? 5 : 1;

TEST(ForeignThreadsTest, GoMutexAndWaitGroupFromEverywhere) {
  Runtime runtime(Options{.procs = 2});
  constexpr int kThreads = 4;
  constexpr int kEach = 1000 / kFewer;
  Mutex mutex;
  int64_t counter = 0;
  std::vector<std::thread> threads;
  runtime.Run([&] {
    WaitGroup all;
    all.Add(2 * kThreads * kEach);
    for (int t = 0; t < kThreads; t++) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; i++) {
          runtime.Go([&] {
            {
              const std::lock_guard guard(mutex);
              counter++;
            }
            all.Done();
          });
          {
            const std::lock_guard guard(mutex);
            counter++;
          }
          all.Done();
        }
      });
    }
    all.Wait();
  });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(counter, 2 * kThreads * kEach);
}

// A plain thread waits for goroutines, and goroutines for plain threads.
TEST(ForeignThreadsTest, WaitForGoroutines) {
  Runtime runtime(Options{.procs = 2});
  WaitGroup done;
  std::atomic<int> n{0};
  std::vector<std::thread> threads;
  runtime.Run([&] {
    WaitGroup threads_done;
    done.Add(100);
    threads_done.Add(3);
    for (int t = 0; t < 3; t++) {
      threads.emplace_back([&] {
        done.Wait();
        EXPECT_EQ(n, 100);
        threads_done.Done();
      });
    }
    for (int i = 0; i < 100; i++) {
      Go([&] {
        Yield();
        n++;
        done.Done();
      });
    }
    threads_done.Wait();
  });
  for (std::thread& t : threads) t.join();
}

TEST(ForeignThreadsTest, KnowNothingOfARuntime) {
  EXPECT_EQ(GoId(), 0u);
  EXPECT_EQ(NumGoroutine(), 0);
  Runtime runtime(Options{.procs = 1});
  runtime.Run([] {
    Blocking([] {
      std::thread([] {
        EXPECT_EQ(GoId(), 0u);
        EXPECT_EQ(NumGoroutine(), 0);
        Yield();
        LockOsThread();
        UnlockOsThread();
        EXPECT_EQ(Blocking([] { return 3; }), 3);
      }).join();
    });
  });
}

// Goroutines of three runtimes share mutexes and wait for each other.
TEST(SeveralRuntimesTest, ShareWhatTheyWaitFor) {
  constexpr int kEach = 300 / kFewer;
  Mutex mutex;
  int64_t counter = 0;
  Runtime first(Options{.procs = 2});
  Runtime second(Options{.procs = 1});
  Runtime third(Options{.procs = 3, .randomize = true});
  WaitGroup all;
  all.Add(3 * kEach);
  const auto body = [&](Runtime* mine, Runtime* next) {
    mine->Run([&, next] {
      for (int i = 0; i < kEach; i++) {
        next->Go([&] {
          mutex.Lock();
          Yield();
          counter++;
          mutex.Unlock();
          all.Done();
        });
      }
      all.Wait();
    });
  };
  std::thread a(body, &first, &second);
  std::thread b(body, &second, &third);
  body(&third, &first);
  a.join();
  b.join();
  EXPECT_EQ(counter, 3 * kEach);
}

// A goroutine of one runtime runs another one, on its thread.
TEST(SeveralRuntimesTest, Nested) {
  heddle::Run({.procs = 2}, [] {
    WaitGroup all;
    for (int i = 0; i < 10; i++) {
      all.Go([] {
        const uint64_t id = GoId();
        std::atomic<int> n{0};
        Blocking([&] {
          heddle::Run({.procs = 2}, [&] {
            EXPECT_EQ(GoId(), 1u);
            for (int j = 0; j < 5; j++) Go([&] { n++; });
          });
        });
        EXPECT_EQ(n, 5);
        EXPECT_EQ(GoId(), id);
      });
    }
    all.Wait();
  });
}

// One of everything that a runtime may leave behind.
void UseARuntime(int i) {
  heddle::Run({.procs = 1 + i % 3}, [i] {
    WaitGroup all;
    Mutex mutex;
    for (int j = 0; j < 4; j++) {
      all.Go([&] {
        const std::lock_guard guard(mutex);
        Yield();
      });
    }
    Go({.stack_size = 1 << 20, .name = "with a stack of its own"}, [] {});
    if (i % 4 == 0) all.Go([] { LockOsThread(); });
    if (i % 4 == 1) {
      all.Go([] { Blocking([] { os::Usleep(100); }); });
    }
    if (i % 4 == 2) {
      all.Go([] {
        SetLabels({{"key", "a value that does not fit into a small string"}});
        Go([] {});
        Goexit();
      });
    }
    all.Wait();
  });
}

TEST(LeakTest, AThousandRuntimesLeaveNothing) {
  constexpr int kMany = 1000 / kFewer;
  for (int i = 0; i < 50; i++) UseARuntime(i);
  const int threads = os::ThreadCount();
  const int mappings = os::CountMappings();
  const size_t bytes = mallinfo2().uordblks;
  for (int i = 0; i < kMany; i++) UseARuntime(i);
  // A joined thread may be listed for some microseconds yet.
  while (os::ThreadCount() > threads) os::OsYield();
  // Sanitizers have mappings and a malloc of their own; LeakSanitizer finds
  // bytes.
  if (sanitizer::kAsan || sanitizer::kTsan || sanitizer::kMsan) return;
  // malloc keeps an arena for each of a few threads, at random: a mapping or
  // two of it come and go. One for each runtime would be a thousand.
  EXPECT_LE(os::CountMappings(), mappings + 20);
  // Less than malloc's smallest block for each.
  EXPECT_LT(static_cast<int64_t>(mallinfo2().uordblks - bytes), kMany * 16);
}

// 1,000 goroutines block in read(2) at once, with two Ps: the others go on.
TEST(BlockedInTheKernelTest, AThousandReadsAtOnce) {
  constexpr int kMany = 1000 / kFewer;
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  heddle::Run(Options{.procs = 2}, [&] {
    std::atomic<int> entered{0};
    WaitGroup readers;
    for (int i = 0; i < kMany; i++) {
      readers.Go([&] {
        char c;
        EXPECT_EQ(Blocking([&] {
                    entered++;
                    return read(fds[0], &c, 1);
                  }),
                  1);
      });
    }
    while (entered != kMany) Yield();
    // All are in the kernel, or about to be.
    WaitGroup others;
    std::atomic<int> n{0};
    for (int i = 0; i < 100; i++) {
      others.Go([&] {
        for (int j = 0; j < 10; j++) Yield();
        n++;
      });
    }
    others.Wait();
    EXPECT_EQ(n, 100);
    while (NumGoroutine() != kMany + 1) Yield();  // the others have ended
    const std::string bytes(kMany, 'x');
    EXPECT_EQ(write(fds[1], bytes.data(), bytes.size()), kMany);
    readers.Wait();
  });
  close(fds[0]);
  close(fds[1]);
}

// The same without saying so: each loses its P to sysmon.
TEST(BlockedInTheKernelTest, ReadsThatNobodyWrapped) {
  constexpr int kMany = 20;
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  heddle::Run(Options{.procs = 2}, [&] {
    WaitGroup readers;
    for (int i = 0; i < kMany; i++) {
      readers.Go([&] {
        char c;
        EXPECT_EQ(read(fds[0], &c, 1), 1);
      });
    }
    WaitGroup writer;
    writer.Go([&] {
      const std::string bytes(kMany, 'x');
      EXPECT_EQ(write(fds[1], bytes.data(), bytes.size()), kMany);
    });
    writer.Wait();
    readers.Wait();
  });
  close(fds[0]);
  close(fds[1]);
}

TEST(BlockedInTheKernelDeathTest, MoreThreadsThanTheLimit) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(heddle::Run(Options{.procs = 2, .max_threads = 10},
                           [] {
                             for (int i = 0; i < 20; i++) {
                               Go([] { Blocking([] { pause(); }); });
                             }
                           }),
               "runtime: program exceeds 10-thread limit\n"
               "fatal error: thread exhaustion");
}

TEST(BlockedInTheKernelTest, AsManyThreadsAsTheLimit) {
  // One for main, and two that run the rest.
  heddle::Run(Options{.procs = 2, .max_threads = 13}, [] {
    std::atomic<bool> stop{false};
    WaitGroup all;
    std::atomic<int> entered{0};
    for (int i = 0; i < 10; i++) {
      all.Go([&] {
        Blocking([&] {
          entered++;
          while (!stop) os::Usleep(100);
        });
      });
    }
    while (entered != 10) Yield();
    stop = true;
    all.Wait();
  });
}

}  // namespace
}  // namespace heddle
