// heddle::Blocking.

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>  // NOLINT
#include <type_traits>

#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

TEST(BlockingTest, ReturnsTheValue) {
  heddle::Run([] {
    EXPECT_EQ(Blocking([] { return 42; }), 42);
    EXPECT_EQ(*Blocking([] { return std::make_unique<int>(7); }), 7);
    int x = 1;
    int& ref = Blocking([&]() -> int& { return x; });
    EXPECT_EQ(&ref, &x);
    static_assert(std::is_void_v<decltype(Blocking([] {}))>);
  });
}

TEST(BlockingTest, PassesTheExceptionOn) {
  heddle::Run(Options{.procs = 1}, [] {
    for (int i = 0; i < 10; i++) {
      Go([] { Yield(); });
      try {
        Blocking([]() -> int { throw std::runtime_error("inside"); });
        ADD_FAILURE();
      } catch (const std::runtime_error& e) {
        EXPECT_STREQ(e.what(), "inside");
      }
    }
  });
}

// Goes out of the blocking call for a while, and comes back also then.
TEST(BlockingTest, GoMaxProcsThrowsInside) {
  heddle::Run(Options{.procs = 2}, [] {
    for (int i = 0; i < 10; i++) {
      Blocking([] {
        EXPECT_THROW(GoMaxProcs(2000), std::invalid_argument);
        EXPECT_EQ(GoMaxProcs(0), 2);
      });
      Yield();
    }
  });
}

TEST(BlockingTest, ErrnoIsAsTheCallLeftIt) {
  for (bool migrate : {false, true}) {
    heddle::Run(Options{.procs = 1, .migrate_always = migrate}, [] {
      for (int i = 0; i < 50; i++) {
        Go([] { Yield(); });  // so that the P may be gone afterwards
        const ssize_t n = Blocking([] { return read(-1, nullptr, 0); });
        EXPECT_EQ(n, -1);
        const auto get = []() __attribute__((noinline)) { return errno; };
        EXPECT_EQ(get(), EBADF);
      }
    });
  }
}

// With one P, a goroutine that blocks in read(2) is fed by another goroutine.
TEST(BlockingTest, OthersRunMeanwhile) {
  heddle::Run(Options{.procs = 1}, [] {
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    std::string got;
    WaitGroup wg;
    wg.Go([&] {
      char buf[16];
      for (;;) {
        const ssize_t n = Blocking([&] { return read(fds[0], buf, 16); });
        if (n <= 0) break;
        got.append(buf, static_cast<size_t>(n));
      }
    });
    wg.Go([&] {
      for (char c : std::string("warp and weft")) {
        EXPECT_EQ(write(fds[1], &c, 1), 1);
        Yield();
      }
      close(fds[1]);
    });
    wg.Wait();
    close(fds[0]);
    EXPECT_EQ(got, "warp and weft");
  });
}

TEST(BlockingTest, ManyAtOnce) {
  static constexpr int kMany = 50;
  heddle::Run(Options{.procs = 2}, [] {
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    WaitGroup wg;
    std::atomic<int> got{0};
    for (int i = 0; i < kMany; i++) {
      wg.Go([&] {
        char c;
        EXPECT_EQ(Blocking([&] { return read(fds[0], &c, 1); }), 1);
        got++;
      });
    }
    for (int i = 0; i < kMany; i++) {
      Yield();
      EXPECT_EQ(write(fds[1], "x", 1), 1);
    }
    wg.Wait();
    EXPECT_EQ(got, kMany);
    close(fds[0]);
    close(fds[1]);
  });
}

// Inside, the runtime can be used: what would park blocks the thread.
TEST(BlockingTest, TheRuntimeWorksInside) {
  heddle::Run(Options{.procs = 1}, [] {
    WaitGroup inner;
    bool nested = false;
    Mutex mu;
    mu.Lock();
    WaitGroup wg;
    wg.Go([&] {
      Blocking([&] {
        inner.Add(1);
        Go([&] {
          mu.Unlock();
          inner.Done();
        });
        mu.Lock();
        inner.Wait();
        nested = Blocking([] { return true; });
        EXPECT_EQ(GoMaxProcs(2), 1);
        EXPECT_EQ(GoMaxProcs(0), 2);
        Yield();
      });
    });
    wg.Wait();
    EXPECT_TRUE(nested);
    mu.Unlock();
  });
}

// Whose copy, which does not throw, takes until another goroutine has run.
struct CopiesSlowly {
  explicit CopiesSlowly(std::atomic<bool>* ran) : ran(ran) {}
  CopiesSlowly(const CopiesSlowly& other) noexcept : ran(other.ran) {
    while (!ran->load()) std::this_thread::yield();
  }
  std::atomic<bool>* ran;
};

// The P that it had when it came to the go statement is gone before the end.
TEST(BlockingTest, AGoStatementInsideMayLoseTheP) {
  heddle::Run(Options{.procs = 1}, [] {
    // So that there are free Gs.
    WaitGroup before;
    for (int i = 0; i < 50; i++) before.Go([] {});
    before.Wait();
    std::atomic<bool> ran{false};
    WaitGroup wg;
    wg.Add(2);
    Go([&] {
      ran.store(true);
      wg.Done();
    });
    Blocking([&] { Go([&wg, slow = CopiesSlowly(&ran)] { wg.Done(); }); });
    wg.Wait();
  });
}

TEST(BlockingTest, OnAPlainThreadItIsACall) {
  EXPECT_EQ(Blocking([] { return 3; }), 3);
}

TEST(BlockingTest, GoexitFromInside) {
  heddle::Run([] {
    WaitGroup wg;
    wg.Go([] { Blocking([] { Goexit(); }); });
    wg.Wait();
  });
}

}  // namespace
}  // namespace heddle
