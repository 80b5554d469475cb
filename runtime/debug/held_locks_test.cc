#include "heddle/runtime/debug/held_locks.h"

#include <pthread.h>

#include <atomic>
#include <chrono>              // NOLINT
#include <condition_variable>  // NOLINT
#include <cstdlib>
#include <functional>
#include <mutex>         // NOLINT
#include <shared_mutex>  // NOLINT
#include <string>
#include <thread>  // NOLINT
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/os/lock.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle {

// Outside the unnamed namespace, and debug, whose frames are not shown: their
// names are looked for in the reports.
template <typename Lock>
ABSL_ATTRIBUTE_NOINLINE void TakesTheLock(Lock& lock) {
  lock.lock();
}

ABSL_ATTRIBUTE_NOINLINE void Parks() {
  WaitGroup child;
  child.Go([] {});
  child.Wait();
}

namespace debug {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

using namespace std::chrono_literals;  // NOLINT

// What the handler was given. Under a lock of the runtime's own kind: handlers
// run on g0.
os::Lock reports_lock{os::LockRank::kLeaf};
std::vector<HeldLockReport>* reports;
std::atomic<int> count;

void Note(const HeldLockReport& report) {
  os::LockGuard guard(reports_lock);
  reports->push_back(report);
  count++;
}

// One P, so that what is waited for has not happened yet.
constexpr Options kOneP = {.procs = 1};

class HeldLocksTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!HeldLocksChecked()) GTEST_SKIP() << "not a debug build";
    reports = &reports_;
    count = 0;
    former_ = SetHeldLockHandler(Note);
  }
  void TearDown() override {
    if (HeldLocksChecked()) SetHeldLockHandler(former_);
  }

  std::vector<std::string> FirstLines() const {
    std::vector<std::string> lines;
    for (const HeldLockReport& report : reports_) {
      lines.push_back(report.text.substr(0, report.text.find('\n')));
    }
    return lines;
  }

  std::vector<HeldLockReport> reports_;

 private:
  HeldLockHandler former_ = nullptr;
};

// ---- What is reported ----

TEST_F(HeldLocksTest, ParkingWithAMutex) {
  std::mutex mutex;
  heddle::Run(kOneP, [&] {
    TakesTheLock(mutex);
    Parks();
    mutex.unlock();
  });
  ASSERT_THAT(reports_, SizeIs(1));
  EXPECT_EQ(reports_[0].goid, 1u);
  EXPECT_EQ(reports_[0].lock, &mutex);
  EXPECT_THAT(
      reports_[0].text,
      MatchesRegex(
          "heddle: goroutine 1 parks \\[semacquire\\] while its thread holds a "
          "mutex\n\n"
          "goroutine 1 parks \\[semacquire\\] at:\n"
          "heddle::(sync|WaitGroup)::[^\n]+\n(.|\n)*heddle::Parks\\(\\)"
          "\n\t/[^\n]+\\+0x[0-9a-f]+\n(.|\n)*"
          "the mutex 0x[0-9a-f]+ was taken at:\n"
          "(.|\n)*heddle::TakesTheLock<>\\(\\)\n\t/"
          "[^\n]+\\+0x[0-9a-f]+\n(.|\n)*"
          "Release it before, or use heddle::Mutex(.|\n)*"));
}

TEST_F(HeldLocksTest, WaitingForAHeddleMutexWithAStdMutex) {
  std::mutex mutex;
  Mutex other;
  bool waits = false;
  heddle::Run(kOneP, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    other.Lock();
    Go([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      const std::lock_guard<std::mutex> lock(mutex);
      waits = true;
      other.Lock();
      other.Unlock();
    });
    // Until it is parked: there is one P.
    while (!waits) Yield();
    other.Unlock();
  });
  EXPECT_THAT(FirstLines(),
              ElementsAre(MatchesRegex("heddle: goroutine [0-9]+ parks "
                                       "\\[sync.Mutex.Lock\\] while its thread "
                                       "holds a mutex")));
}

TEST_F(HeldLocksTest, YieldingWithAMutex) {
  heddle::Run(kOneP, [] {
    std::mutex mutex;
    const std::lock_guard<std::mutex> lock(mutex);
    Yield();
  });
  EXPECT_THAT(FirstLines(),
              ElementsAre("heddle: goroutine 1 yields while its thread holds a "
                          "mutex"));
}

TEST_F(HeldLocksTest, EndingWithAMutex) {
  // They stay locked: to ThreadSanitizer each goroutine is a thread.
  static std::mutex by_return;
  static std::mutex by_goexit;
  heddle::Run(kOneP, [] {
    WaitGroup child;
    child.Go([] { by_return.lock(); });
    child.Wait();
    by_goexit.lock();
    Goexit();
  });
  EXPECT_THAT(
      FirstLines(),
      ElementsAre(MatchesRegex("heddle: goroutine [0-9]+ ends while its "
                               "thread holds a mutex"),
                  "heddle: goroutine 1 ends while its thread holds a "
                  "mutex"));
}

// The goroutine comes out of Blocking while another one has the only P.
TEST_F(HeldLocksTest, ComingOutOfBlockingWithAMutex) {
  heddle::Run(kOneP, [] {
    std::mutex mutex;
    std::atomic<int> progress{0};
    bool done = false;
    WaitGroup other;
    other.Go([&] {
      while (!done) {
        progress++;
        Yield();
      }
    });
    mutex.lock();
    // Mostly once: it may find the P idle.
    while (count == 0) {
      Blocking([&, before = progress.load()] {
        while (progress == before) std::this_thread::yield();
      });
    }
    mutex.unlock();
    done = true;
    other.Wait();
  });
  EXPECT_THAT(FirstLines(),
              ElementsAre("heddle: goroutine 1 waits for a P while its thread "
                          "holds a mutex"));
}

template <typename F>
void ParksBetween(F lock, F unlock) {
  heddle::Run(kOneP, [&] {
    lock();
    Parks();
    unlock();
  });
}

TEST_F(HeldLocksTest, EachKindOfLock) {
  std::recursive_mutex recursive;
  std::timed_mutex timed;
  std::shared_mutex shared;
  std::shared_timed_mutex shared_timed;
  pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
  std::vector<std::pair<std::function<void()>, std::function<void()>>> locks = {
      {[&] { recursive.lock(); }, [&] { recursive.unlock(); }},
      {[&] { EXPECT_TRUE(recursive.try_lock()); }, [&] { recursive.unlock(); }},
      {[&] {
         EXPECT_TRUE(
             timed.try_lock_until(std::chrono::system_clock::now() + 1h));
       },
       [&] { timed.unlock(); }},
      {[&] { EXPECT_EQ(pthread_mutex_lock(&plain), 0); },
       [&] { EXPECT_EQ(pthread_mutex_unlock(&plain), 0); }},
      {[&] { shared.lock(); }, [&] { shared.unlock(); }},
      {[&] { EXPECT_TRUE(shared.try_lock()); }, [&] { shared.unlock(); }},
      {[&] { shared.lock_shared(); }, [&] { shared.unlock_shared(); }},
      {[&] { EXPECT_TRUE(shared.try_lock_shared()); },
       [&] { shared.unlock_shared(); }},
      {[&] {
         EXPECT_TRUE(shared_timed.try_lock_shared_until(
             std::chrono::system_clock::now() + 1h));
       },
       [&] { shared_timed.unlock_shared(); }},
      {[&] {
         EXPECT_TRUE(shared_timed.try_lock_until(
             std::chrono::system_clock::now() + 1h));
       },
       [&] { shared_timed.unlock(); }},
  };
  // On the steady clock: g++ 12's TSan does not know that these lock, and
  // complains of the unlocking.
  if (!sanitizer::kTsan) {
    locks.push_back({[&] { EXPECT_TRUE(timed.try_lock_for(1h)); },
                     [&] { timed.unlock(); }});
    locks.push_back({[&] { EXPECT_TRUE(shared_timed.try_lock_for(1h)); },
                     [&] { shared_timed.unlock(); }});
    locks.push_back({[&] { EXPECT_TRUE(shared_timed.try_lock_shared_for(1h)); },
                     [&] { shared_timed.unlock_shared(); }});
  }
  for (size_t i = 0; i < locks.size(); i++) {
    ParksBetween(locks[i].first, locks[i].second);
    EXPECT_THAT(reports_, SizeIs(i + 1));
  }
  int mutexes = 0;
  int for_reading = 0;
  int for_writing = 0;
  for (const std::string& line : FirstLines()) {
    mutexes += line.ends_with("holds a mutex");
    for_reading += line.ends_with("holds a rwlock for reading");
    for_writing += line.ends_with("holds a rwlock for writing");
  }
  EXPECT_EQ(mutexes, sanitizer::kTsan ? 4 : 5);
  EXPECT_EQ(for_reading, sanitizer::kTsan ? 3 : 4);
  EXPECT_EQ(for_writing, sanitizer::kTsan ? 3 : 4);
}

TEST_F(HeldLocksTest, OneOfSeveralIsLeft) {
  heddle::Run(kOneP, [&] {
    std::mutex a;
    std::mutex b;
    std::mutex c;
    a.lock();
    b.lock();
    c.lock();
    a.unlock();  // in an order of its own
    c.unlock();
    Parks();
    b.unlock();
    ASSERT_THAT(reports_, SizeIs(1));
    EXPECT_EQ(reports_[0].lock, &b);
  });
}

TEST_F(HeldLocksTest, ARecursiveMutexIsLeftOnce) {
  heddle::Run(kOneP, [&] {
    std::recursive_mutex mutex;
    mutex.lock();
    mutex.lock();
    mutex.unlock();
    Parks();
    mutex.unlock();
  });
  EXPECT_THAT(reports_, SizeIs(1));
}

TEST_F(HeldLocksTest, OnceForEachPairOfStacks) {
  heddle::Run(kOneP, [&] {
    std::mutex mutex;
    for (int i = 0; i < 100; i++) {
      const std::lock_guard<std::mutex> lock(mutex);
      Parks();
    }
    EXPECT_THAT(reports_, SizeIs(1));
    const std::lock_guard<std::mutex> lock(mutex);  // elsewhere
    Parks();
  });
  EXPECT_THAT(reports_, SizeIs(2));
}

// The program goes on: it is a warning. And what was reported is forgotten, on
// whatever thread it is released.
TEST_F(HeldLocksTest, AfterAReportAllGoesOn) {
  heddle::Run(Options{.procs = 2, .migrate_always = true}, [&] {
    std::mutex mutex;
    mutex.lock();
    Yield();
    mutex.unlock();
    for (int i = 0; i < 100; i++) Yield();
  });
  EXPECT_THAT(reports_, SizeIs(1));
}

// ---- What is not ----

TEST_F(HeldLocksTest, ReleasedBefore) {
  heddle::Run(kOneP, [&] {
    std::mutex mutex;
    std::shared_mutex shared;
    for (int i = 0; i < 100; i++) {
      {
        const std::lock_guard<std::mutex> lock(mutex);
        const std::shared_lock<std::shared_mutex> reader(shared);
        Go([] {});
      }
      Parks();
    }
  });
  EXPECT_THAT(FirstLines(), IsEmpty());
}

TEST_F(HeldLocksTest, ATryThatFails) {
  std::mutex mutex;
  std::timed_mutex timed;
  mutex.lock();
  timed.lock();
  heddle::Run(kOneP, [&] {
    std::thread([&] { EXPECT_FALSE(mutex.try_lock()); }).join();
    bool got = mutex.try_lock();
    EXPECT_FALSE(got);
    got = timed.try_lock_for(1us);
    EXPECT_FALSE(got);
    Parks();
  });
  mutex.unlock();
  timed.unlock();
  EXPECT_THAT(FirstLines(), IsEmpty());
}

TEST_F(HeldLocksTest, TakenByTheThreadBeforeRun) {
  std::mutex mutex;
  const std::lock_guard<std::mutex> lock(mutex);
  heddle::Run(kOneP, [] { Parks(); });
  EXPECT_THAT(FirstLines(), IsEmpty());
}

// Run blocks the outer goroutine's thread, and nothing of that goroutine parks.
TEST_F(HeldLocksTest, TakenByTheGoroutineAroundAnotherRun) {
  heddle::Run(Options{.procs = 1, .stack_size = 256 << 10}, [] {
    std::mutex mutex;
    const std::lock_guard<std::mutex> lock(mutex);
    heddle::Run(kOneP, [] { Parks(); });
  });
  EXPECT_THAT(FirstLines(), IsEmpty());
}

TEST_F(HeldLocksTest, AHeddleMutex) {
  heddle::Run(kOneP, [] {
    Mutex mutex;
    const std::lock_guard<Mutex> lock(mutex);
    Parks();
  });
  EXPECT_THAT(FirstLines(), IsEmpty());
}

TEST_F(HeldLocksTest, InsideBlocking) {
  heddle::Run(kOneP, [] {
    std::mutex mutex;
    std::condition_variable condition;
    bool ready = false;
    Go([&] {
      const std::lock_guard<std::mutex> lock(mutex);
      ready = true;
      condition.notify_one();
    });
    Blocking([&] {
      std::unique_lock<std::mutex> lock(mutex);
      Mutex other;
      const std::lock_guard<Mutex> inner(other);
      Yield();  // of the thread
      condition.wait(lock, [&] { return ready; });
    });
    Parks();
  });
  EXPECT_THAT(FirstLines(), IsEmpty());
}

TEST_F(HeldLocksTest, OnAnotherThread) {
  std::mutex mutex;
  std::atomic<int> step{0};
  std::thread holder([&] {
    mutex.lock();
    step = 1;
    while (step == 1) std::this_thread::yield();
    mutex.unlock();
  });
  heddle::Run(kOneP, [&] {
    while (step == 0) Yield();
    Parks();
    step = 2;
  });
  holder.join();
  EXPECT_THAT(FirstLines(), IsEmpty());
}

TEST_F(HeldLocksTest, ByAGoroutineThatIsLockedToItsThread) {
  heddle::Run(kOneP, [] {
    std::mutex mutex;
    LockOsThread();
    {
      const std::lock_guard<std::mutex> lock(mutex);
      Parks();
      Yield();
    }
    UnlockOsThread();
  });
  EXPECT_THAT(FirstLines(), IsEmpty());
}

TEST_F(HeldLocksTest, SwitchedOff) {
  heddle::Run(Options{.procs = 1, .check_held_locks = false}, [] {
    std::mutex mutex;
    mutex.lock();
    Parks();
    mutex.unlock();
  });
  EXPECT_THAT(FirstLines(), IsEmpty());
}

// More than are kept in mind at once.
TEST_F(HeldLocksTest, FortyAtOnce) {
  heddle::Run(kOneP, [] {
    std::vector<std::mutex> mutexes(40);
    for (std::mutex& mutex : mutexes) mutex.lock();
    for (std::mutex& mutex : mutexes) mutex.unlock();
    Parks();
  });
  EXPECT_THAT(FirstLines(), IsEmpty());
}

// Small stacks have room for what every lock costs, and for a report.
TEST_F(HeldLocksTest, OnASmallStack) {
  heddle::Run(kOneP, [] {
    static std::mutex mutex;
    Go({.stack_size = 8 << 10}, [] {
      mutex.lock();
      Yield();
      mutex.unlock();
    });
  });
  EXPECT_THAT(reports_, SizeIs(1));
}

// ---- What is done with a report ----

using HeldLocksDeathTest = HeldLocksTest;

void ParkOnceWithALock() {
  heddle::Run(kOneP, [] {
    std::mutex mutex;
    mutex.lock();
    Parks();
    mutex.unlock();
  });
}

TEST_F(HeldLocksDeathTest, WithoutAHandlerItIsAWarning) {
  EXPECT_EXIT(
      {
        SetHeldLockHandler(nullptr);
        ParkOnceWithALock();
        std::_Exit(7);
      },
      testing::ExitedWithCode(7),
      "^heddle: goroutine 1 parks \\[semacquire\\] while its thread holds a "
      "mutex\n\n");
}

TEST_F(HeldLocksDeathTest, MayBeFatal) {
  EXPECT_DEATH(
      {
        SetHeldLockHandler(HeldLockIsFatal);
        ParkOnceWithALock();
      },
      "^heddle: goroutine 1 parks (.|\n)*"
      "fatal error: goroutine leaves its thread with a lock held\n");
}

TEST_F(HeldLocksTest, SetReturnsTheFormerHandler) {
  EXPECT_EQ(SetHeldLockHandler(nullptr), Note);
  EXPECT_EQ(SetHeldLockHandler(HeldLockIsFatal), nullptr);
  EXPECT_EQ(SetHeldLockHandler(Note), HeldLockIsFatal);
}

}  // namespace
}  // namespace debug
}  // namespace heddle
