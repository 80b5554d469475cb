// Stack, AllStacks, AllGoroutines of living programs.

#include "heddle/runtime/debug/traceback.h"

#include <link.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/sched.h"

// Not in heddle::debug, whose frames are left out.
namespace heddle {
namespace {

using debug::AllGoroutines;
using debug::AllStacks;
using debug::GoroutineInfo;
using debug::Stack;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Frames that no optimiser takes away.
#define FRAME_END() asm volatile("")

Mutex mu;

[[gnu::noinline]] void LockDeep(int depth) {
  if (depth > 1) {
    LockDeep(depth - 1);
  } else {
    mu.lock();
    mu.unlock();
  }
  FRAME_END();
}

[[gnu::noinline]] void LockOuter() {
  LockDeep(3);
  FRAME_END();
}

[[gnu::noinline]] void StartLockers(WaitGroup* done) {
  Go({.name = "first"}, [done] {
    LockOuter();
    done->Done();
  });
  Go([done] {
    LockOuter();
    done->Done();
  });
  FRAME_END();
}

[[gnu::noinline]] std::string WhereAmI() {
  std::string text = Stack();
  FRAME_END();
  return text;
}

int Count(const std::string& text, const std::string& part) {
  return static_cast<int>(
             std::vector<std::string>(absl::StrSplit(text, part)).size()) -
         1;
}

// Yields until `n` goroutines of this runtime are parked.
void WaitForParked(int n) {
  for (;;) {
    int parked = 0;
    for (const GoroutineInfo& info : AllGoroutines()) parked += info.blocked;
    if (parked == n) return;
    Yield();
  }
}

TEST(StackTest, OfAGoroutine) {
  heddle::Run([] {
    EXPECT_THAT(WhereAmI(), AllOf(StartsWith("goroutine 1 [running]:\n"),
                                  ContainsRegex("WhereAmI.*\n\t/.+\\+0x"),
                                  Not(HasSubstr("created by"))));
    Go({.name = "eve"}, [] {
      EXPECT_THAT(
          WhereAmI(),
          AllOf(ContainsRegex("^goroutine [0-9]+ \"eve\" \\[running\\]"),
                HasSubstr("in goroutine 1\n")));
    });
  });
}

TEST(StackTest, OfAThread) {
  EXPECT_THAT(WhereAmI(),
              AllOf(ContainsRegex("^thread [0-9]+:\n"), HasSubstr("WhereAmI")));
}

TEST(AllStacksTest, TheCallerFirstThenByNumber) {
  heddle::Run(Options{.procs = 2}, [] {
    WaitGroup done;
    done.Add(2);
    mu.lock();
    StartLockers(&done);
    WaitForParked(2);
    const std::string text = AllStacks();
    const std::vector<std::string> parts = absl::StrSplit(text, "\n\n");
    ASSERT_EQ(parts.size(), 3) << text;
    EXPECT_THAT(parts[0], StartsWith("goroutine 1 [running]:\n"));
    EXPECT_THAT(
        parts[1],
        ContainsRegex("^goroutine [0-9]+ (\"first\" )?\\[sync.Mutex.Lock"));
    for (int i : {1, 2}) {
      EXPECT_EQ(Count(parts[i], "LockDeep"), 3) << i;
      EXPECT_EQ(Count(parts[i], "LockOuter"), 1) << i;
      EXPECT_THAT(
          parts[i],
          AllOf(HasSubstr("heddle::Mutex::"),
                ContainsRegex("created by .*StartLockers.* in goroutine "
                              "1\n\t/.+\\+0x[0-9a-f]+\n?$"),
                Not(HasSubstr("heddle::sched::Gopark")),
                Not(HasSubstr("GoroutineMain"))));
    }
    EXPECT_EQ(Count(text, "\"first\""), 1);
    mu.unlock();
    done.Wait();
  });
}

TEST(AllStacksTest, ElidesTheMiddle) {
  heddle::Run([] {
    mu.lock();
    Go([] { LockDeep(300); });
    WaitForParked(1);
    const std::string text = AllStacks();
    EXPECT_THAT(text,
                ContainsRegex("\\.\\.\\.[0-9]+ frames elided\\.\\.\\.\n"));
    EXPECT_GT(Count(text, "LockDeep"), 80);
    EXPECT_LT(Count(text, "LockDeep"), 100);
    mu.unlock();
  });
}

TEST(AllStacksTest, ANewGoroutineShowsItsFunction) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    Go(LockOuter);
    EXPECT_THAT(
        AllStacks(),
        ContainsRegex("\\[runnable\\]:\n.*LockOuter.*\n\t.*\ncreated by"));
  });
}

// A goroutine that waits, as if since `seconds` ago.
std::string StacksAfterWait(int64_t seconds) {
  mu.lock();
  WaitGroup done;
  done.Go([] { LockOuter(); });
  WaitForParked(1);
  const sched::AllGs& allgs = sched::Getm()->sched->allgs;
  for (size_t i = 0; i < allgs.size(); i++) {
    if (ReadGStatus(allgs[i]) != sched::GStatus::kWaiting) continue;
    allgs[i]->waitsince = os::Nanotime() - seconds * 1'000'000'000;
  }
  const GoroutineInfo info = AllGoroutines().back();
  EXPECT_EQ(info.state, "sync.Mutex.Lock");
  EXPECT_GE(info.blocked_for, absl::Seconds(seconds));
  std::string text = AllStacks();
  mu.unlock();
  done.Wait();
  return text;
}

TEST(AllStacksTest, WaitsAreTimed) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    EXPECT_THAT(StacksAfterWait(150),
                HasSubstr("[sync.Mutex.Lock, 2 minutes]:"));
    EXPECT_THAT(StacksAfterWait(30),
                ContainsRegex("\\[sync.Mutex.Lock, [345]. seconds\\]:"));
    EXPECT_THAT(StacksAfterWait(0), ContainsRegex("\\[sync.Mutex.Lock.*\\]:"));
  });
}

[[gnu::noinline]] void Spin(const std::atomic<bool>* stop) {
  while (!stop->load(std::memory_order_relaxed)) {
  }
  FRAME_END();
}

[[gnu::noinline]] void ReadOn(int fd) {
  char c;
  Blocking([&] { return read(fd, &c, 1); });
  FRAME_END();
}

TEST(AllStacksTest, AGoroutineInABlockingCall) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  heddle::Run(Options{.procs = 2}, [&] {
    Go([&] { ReadOn(fds[0]); });
    std::string text;
    do {
      Yield();
      text = AllStacks();
    } while (Count(text, "[syscall]") == 0);
    // ThreadSanitizer keeps signals back until a thread calls libc, or is in a
    // call of which it knows that it blocks: read(2) is none.
    while (!sanitizer::kTsan && Count(text, "ReadOn") == 0) text = AllStacks();
    // SIGURG does not end the call.
    close(fds[1]);
  });
  close(fds[0]);
}

TEST(AllStacksTest, AGoroutineThatRunsElsewhere) {
  heddle::Run(Options{.procs = 2}, [] {
    std::atomic<bool> stop{false};
    std::atomic<bool> spins{false};
    WaitGroup done;
    done.Go([&] {
      spins = true;
      Spin(&stop);
    });
    while (!spins) Yield();
    const std::string text = AllStacks();
    if (!sanitizer::kTsan) {
      EXPECT_EQ(Count(text, "Spin"), 1) << text;
    }
    EXPECT_EQ(Count(text, "[running]"), 2) << text;
    stop = true;
    done.Wait();
  });
}

// The signal that asks it may come while it takes the dynamic linker's lock:
// its answer must not need that (third_party/libunwind/phdr.h). Hung after some
// hundred rounds when it did.
TEST(AllStacksTest, AThreadThatTakesTheLinkersLock) {
  std::atomic<bool> stop{false};
  heddle::Run(Options{.procs = 2}, [&] {
    WaitGroup busy;
    busy.Go([&] {
      Blocking([&] {
        while (!stop) {
          dl_iterate_phdr([](dl_phdr_info*, size_t, void*) { return 1; },
                          nullptr);
        }
      });
    });
    for (int i = 0; i < 500; i++) AllStacks();
    stop = true;
    busy.Wait();
  });
}

TEST(AllStacksTest, AThreadThatBlocksTheSignal) {
  heddle::Run(Options{.procs = 2}, [] {
    std::atomic<bool> stop{false};
    std::atomic<bool> spins{false};
    WaitGroup done;
    done.Go([&] {
      sigset_t urgent;
      sigset_t before;
      sigemptyset(&urgent);
      sigaddset(&urgent, SIGURG);
      pthread_sigmask(SIG_BLOCK, &urgent, &before);
      spins = true;
      Spin(&stop);
      pthread_sigmask(SIG_SETMASK, &before, nullptr);
    });
    while (!spins) Yield();
    EXPECT_THAT(AllStacks(),
                HasSubstr("[running]:\n\tgoroutine running on other thread; "
                          "stack unavailable\ncreated by "));
    stop = true;
    done.Wait();
  });
}

std::atomic<int> foreign_signals{0};

TEST(AllStacksTest, SomebodyElsesSignalsGoOn) {
  struct sigaction action = {};
  action.sa_handler = [](int) { foreign_signals++; };
  sigaction(SIGURG, &action, nullptr);
  heddle::Run(Options{.procs = 2}, [] {
    std::atomic<bool> stop{false};
    std::atomic<bool> spins{false};
    WaitGroup done;
    done.Go([&] {
      spins = true;
      while (!stop) os::Usleep(1);
    });
    while (!spins) Yield();
    EXPECT_THAT(AllStacks(), Not(HasSubstr("unavailable")));
    EXPECT_EQ(foreign_signals, 0);
    raise(SIGURG);
    EXPECT_EQ(foreign_signals, 1);
    stop = true;
    done.Wait();
  });
}

TEST(AllStacksTest, FromAThreadAllRuntimes) {
  std::atomic<bool> stop{false};
  std::atomic<int> ready{0};
  const auto body = [&] {
    heddle::Run(Options{.procs = 1, .preempt = false}, [&] {
      ready++;
      Blocking([&] {
        while (!stop) os::Usleep(100);
      });
    });
  };
  std::thread one(body);
  std::thread two(body);
  while (ready < 2) std::this_thread::yield();
  const std::string text = AllStacks();
  EXPECT_EQ(Count(text, "goroutine 1 ["), 2) << text;
  EXPECT_THAT(text, AllOf(HasSubstr("runtime 1:\n\ngoroutine 1 ["),
                          HasSubstr("runtime 2:\n\ngoroutine 1 [")));
  // On a goroutine, its own alone.
  heddle::Run([] { EXPECT_EQ(Count(AllStacks(), "goroutine 1 ["), 1); });
  stop = true;
  one.join();
  two.join();
  EXPECT_EQ(AllStacks(), "");
}

TEST(AllStacksTest, LeavesSystemGoroutinesOut) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    bool ran = false;
    Go({.name = "hidden", .system = true}, [&] { ran = true; });
    EXPECT_THAT(AllStacks(), Not(HasSubstr("hidden")));
    while (!ran) Yield();
  });
}

TEST(AllStacksTest, SaysWhoIsLocked) {
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    LockOsThread();
    mu.lock();
    WaitGroup done;
    done.Go([] {
      LockOsThread();
      LockOuter();
    });
    WaitForParked(1);
    EXPECT_THAT(
        AllStacks(),
        AllOf(StartsWith("goroutine 1 [running, locked to thread]:"),
              ContainsRegex("sync.Mutex.Lock.*, locked to thread\\]:")));
    mu.unlock();
    done.Wait();
    UnlockOsThread();
  });
}

TEST(AllGoroutinesTest, InParts) {
  WaitGroup wg;
  wg.Add(1);
  heddle::Run(Options{.procs = 1, .preempt = false}, [&] {
    Go({.name = "waiter"}, [&] { wg.Wait(); });
    WaitForParked(1);
    const std::vector<GoroutineInfo> all = AllGoroutines();
    ASSERT_EQ(all.size(), 2);
    EXPECT_EQ(all[0].goid, 1);
    EXPECT_EQ(all[0].state, "running");
    EXPECT_FALSE(all[0].blocked);
    EXPECT_EQ(all[1].parent_goid, 1);
    EXPECT_EQ(all[1].name, "waiter");
    EXPECT_EQ(all[1].state, "semacquire");
    EXPECT_TRUE(all[1].blocked);
    EXPECT_FALSE(all[1].system);
    EXPECT_THAT(all[1].stack,
                AllOf(StartsWith(absl::StrCat("goroutine ", all[1].goid,
                                              " \"waiter\" [semacquire")),
                      HasSubstr("created by ")));
    wg.Done();
  });
}

// Snapshots while goroutines park, wake, start and end as fast as they can.
TEST(AllStacksTest, WhileEverythingMoves) {
  constexpr int kRounds = sanitizer::kTsan ? 20 : 100;
  heddle::Run(Options{.procs = 4}, [] {
    std::atomic<bool> stop{false};
    WaitGroup done;
    for (int i = 0; i < 4; i++) {
      done.Go([&] {
        while (!stop) {
          LockOuter();
          Yield();
          Go({.name = "short-lived goroutine with a long name"},
             [] { Yield(); });
        }
      });
    }
    done.Go([&] {
      while (!stop) Blocking([] { os::Usleep(10); });
    });
    for (int i = 0; i < kRounds; i++) {
      const std::string text = AllStacks();
      EXPECT_THAT(text, AllOf(StartsWith("goroutine 1 [running]:\n"),
                              HasSubstr("created by ")));
    }
    stop = true;
    done.Wait();
  });
}

}  // namespace
}  // namespace heddle
