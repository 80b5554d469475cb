// Filters of system calls that come after the program has begun.

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <string>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/debug/traceback.h"
#include "heddle/testing/without_membarrier.h"

namespace heddle {
namespace {

// As sandboxes are installed in main.
TEST(SeccompDeathTest, MembarrierIsForbiddenLater) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        if (!heddle::testing::ForbidMembarrier()) _exit(126);
        std::string stacks;
        int n = 0;
        heddle::Run(Options{.procs = 2}, [&] {
          Mutex mutex;
          WaitGroup done;
          // Who computes loses its P; who blocks does.
          std::atomic<bool> stop{false};
          for (int i = 0; i < 3; i++) {
            done.Go([&] {
              while (!stop) {
              }
            });
          }
          for (int i = 0; i < 4; i++) {
            done.Go([&] {
              for (int j = 0; j < 50; j++) {
                Blocking([] { usleep(100); });
                mutex.Lock();
                Yield();
                n++;
                mutex.Unlock();
              }
            });
          }
          Sleep(absl::Milliseconds(50));
          stacks = debug::AllStacks();
          EXPECT_EQ(GoMaxProcs(1), 2);
          stop = true;
          done.Wait();
        });
        const bool shown =
            stacks.find("goroutine 1 [running]:") != std::string::npos;
        std::fprintf(stderr, "n %d, shown %d\n", n, shown);
        _exit(n == 200 && shown ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "n 200, shown 1\n");
}

}  // namespace
}  // namespace heddle
