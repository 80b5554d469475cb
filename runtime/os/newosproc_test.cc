// What a thread can rely on, whichever backend is linked. Stamped for each
// backend in BUILD.bazel.

#include "heddle/runtime/os/newosproc.h"

#include <ctype.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/note.h"
#include "heddle/runtime/os/process_for_test.h"
#include "heddle/runtime/os/quiet_threads.h"

namespace heddle::os {
namespace {

// Runs a function in a thread of NewOsProc's. Joined by Join or the destructor.
class TestThread {
 public:
  explicit TestThread(std::function<void()> f,
                      const sigset_t* signal_mask = nullptr)
      : f_(std::move(f)) {
    ThreadStart start = {
        .fn = &TestThread::Main, .arg = this, .signal_mask = signal_mask};
    if (!MStackIsSystemAllocated()) {
      stack_ = mmap(nullptr, MStackSize(), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      EXPECT_NE(stack_, MAP_FAILED);
      start.stack_lo = reinterpret_cast<uintptr_t>(stack_);
      start.stack_hi = start.stack_lo + MStackSize();
    }
    thread_ = NewOsProc(start, /*thread_count=*/1);
  }
  TestThread(const TestThread&) = delete;
  ~TestThread() { Join(); }

  void Join() {
    if (thread_.handle == 0) return;
    OsThreadJoin(&thread_);
    // The thread is off it: an access after this would be a crash.
    if (stack_ != nullptr) munmap(stack_, MStackSize());
  }

  bool exited() const { return OsThreadExited(thread_); }
  uintptr_t stack() const { return reinterpret_cast<uintptr_t>(stack_); }

 private:
  static void Main(void* self) { static_cast<TestThread*>(self)->f_(); }

  std::function<void()> f_;
  OsThread thread_;
  void* stack_ = nullptr;
};

TEST(NewOsProcTest, RunsAndJoins) {
  pid_t tid = 0;
  TestThread thread([&] { tid = GetTid(); });
  thread.Join();
  EXPECT_GT(tid, 0);
  EXPECT_NE(tid, GetTid());
}

TEST(NewOsProcTest, MainThreadsIdIsTheProcesss) {
  EXPECT_EQ(GetTid(), getpid());
}

TEST(NewOsProcTest, RunsOnTheGivenStack) {
  if (MStackIsSystemAllocated()) GTEST_SKIP() << "the system's own stack";
  uintptr_t local = 0;
  TestThread thread([&] {
    int here;
    local = reinterpret_cast<uintptr_t>(&here);
  });
  const uintptr_t lo = thread.stack();
  thread.Join();
  EXPECT_GE(local, lo);
  EXPECT_LT(local, lo + MStackSize());
}

TEST(NewOsProcTest, ADetachedOneIsNotJoined) {
  if (!MStackIsSystemAllocated()) GTEST_SKIP() << "its stack is the caller's";
  static Note ran;
  ThreadStart start;
  start.fn = [](void*) { ran.Wakeup(); };
  start.arg = nullptr;
  OsThread thread = NewOsProc(start, 0);
  OsThreadDetach(&thread);
  EXPECT_EQ(thread.handle, 0);
  ran.Sleep();
}

TEST(NewOsProcTest, ExitedTellsWhenItIsOver) {
  Note go;
  TestThread thread([&] { go.Sleep(); });
  EXPECT_FALSE(thread.exited());
  go.Wakeup();
  while (!thread.exited()) OsYield();
  EXPECT_TRUE(thread.exited());
}

TEST(NewOsProcTest, StartsThreadsFromThreads) {
  int depth = 0;
  std::function<void()> nest = [&] {
    if (++depth < 5) TestThread(nest).Join();
  };
  TestThread(nest).Join();
  EXPECT_EQ(depth, 5);
}

TEST(NewOsProcTest, AThousandThreadsLeaveNothing) {
  for (int i = 0; i < 10; ++i) TestThread([] { free(malloc(100)); }).Join();
  const int mappings = CountMappings();
  const int threads = ThreadCount();
  const size_t in_use = mallinfo2().uordblks;
  for (int i = 0; i < 1000; ++i) {
    TestThread([] {
      // Fills malloc's per-thread cache, for whoever forgets to free it.
      std::vector<void*> blocks;
      for (size_t size = 16; size < 1024; size += 64) {
        blocks.push_back(malloc(size));
      }
      for (void* block : blocks) free(block);
    }).Join();
  }
  // The system may list an ended thread a little longer than it runs.
  while (ThreadCount() > threads) OsYield();
  // Some are arenas', or a sanitizer's; a leaked stack each would be 1,000.
  EXPECT_LE(CountMappings(), mappings + 100);
  // Ten bytes a thread would be a leak already. 0 and 0 under sanitizers.
  EXPECT_LE(mallinfo2().uordblks, in_use + 10'000);
}

TEST(NewOsProcTest, ManyThreadsAtOnce) {
  std::atomic<int> sum{0};
  {
    std::vector<std::unique_ptr<TestThread>> threads;
    for (int i = 1; i <= 50; ++i) {
      threads.push_back(std::make_unique<TestThread>(
          [&sum, i] { sum.fetch_add(i, std::memory_order_relaxed); }));
    }
  }
  EXPECT_EQ(sum.load(std::memory_order_relaxed), 1275);
}

TEST(NewOsProcTest, ErrnoIsTheThreadsOwn) {
  errno = ERANGE;
  for (int round = 0; round < 2; ++round) {
    int before = -1, after = -1;
    TestThread([&] {
      before = errno;
      close(-1);
      after = errno;
    }).Join();
    EXPECT_EQ(before, 0) << "nor the thread's before it";
    EXPECT_EQ(after, EBADF);
  }
  EXPECT_EQ(errno, ERANGE);
}

// The thread_locals of the next tests.
std::atomic<int> constructed{0};
std::atomic<int> destroyed{0};
struct Tracked {
  Tracked() { constructed.fetch_add(1, std::memory_order_relaxed); }
  ~Tracked() { destroyed.fetch_add(1, std::memory_order_relaxed); }
  int value = 42;
};
thread_local Tracked tracked;
thread_local int initialised = 17;
alignas(64) thread_local char aligned[100];

TEST(NewOsProcTest, ThreadLocalsAreConstructedAndDestroyed) {
  constructed = destroyed = 0;
  initialised = 3;
  int value = 0, initial = 0;
  bool is_aligned = false;
  TestThread([&] {
    value = tracked.value++;
    initial = initialised++;
    is_aligned = reinterpret_cast<uintptr_t>(aligned) % 64 == 0;
  }).Join();
  EXPECT_EQ(value, 42);
  EXPECT_EQ(initial, 17);
  EXPECT_TRUE(is_aligned);
  EXPECT_EQ(constructed.load(), 1);
  EXPECT_EQ(destroyed.load(), 1);
  EXPECT_EQ(initialised, 3);
}

TEST(NewOsProcTest, PthreadKeysAreTheThreadsOwnAndDestroyed) {
  static std::atomic<int> freed{0};
  freed = 0;
  // More than the 32 whose values libc keeps in the thread area itself.
  std::vector<pthread_key_t> keys(40);
  for (pthread_key_t& key : keys) {
    ASSERT_EQ(pthread_key_create(
                  &key, [](void* p) { freed += *static_cast<int*>(p); }),
              0);
  }
  int one = 1;
  bool empty = true;
  constexpr int kRounds = 100;
  size_t in_use = 0;
  for (int round = 0; round < kRounds; ++round) {
    if (round == 1) in_use = mallinfo2().uordblks;
    TestThread([&] {
      for (pthread_key_t key : keys) {
        empty = empty && pthread_getspecific(key) == nullptr;
        pthread_setspecific(key, &one);
      }
    }).Join();
  }
  for (pthread_key_t key : keys) pthread_key_delete(key);
  EXPECT_TRUE(empty);
  EXPECT_EQ(freed.load(), kRounds * static_cast<int>(keys.size()));
  EXPECT_LE(mallinfo2().uordblks, in_use + 10'000);
}

TEST(NewOsProcTest, MallocInManyThreads) {
  std::vector<std::unique_ptr<TestThread>> threads;
  std::atomic<int> bad{0};
  for (int i = 0; i < 8; ++i) {
    threads.push_back(std::make_unique<TestThread>([&bad, i] {
      std::vector<std::string> kept;
      for (int j = 0; j < 5000; ++j) {
        kept.emplace_back(1 + (j * 7 + i) % 700, static_cast<char>('a' + i));
        if (j % 3 == 0) kept.erase(kept.begin() + kept.size() / 2);
        if (kept.size() > 200) kept.clear();
      }
      for (const std::string& s : kept) {
        if (s.find_first_not_of(static_cast<char>('a' + i)) != s.npos) ++bad;
      }
    }));
  }
  threads.clear();
  EXPECT_EQ(bad.load(), 0);
}

TEST(NewOsProcTest, FreesWhatAnotherThreadAllocated) {
  std::vector<void*> blocks(1000);
  TestThread([&] {
    for (void*& block : blocks) block = malloc(300);
  }).Join();
  TestThread([&] {
    for (void* block : blocks) free(block);
  }).Join();
}

TEST(NewOsProcTest, StdioAndCtype) {
  char text[64] = "";
  bool alpha = false;
  TestThread([&] {
    snprintf(text, sizeof text, "%d %.3f %s", -7, 2.5, "ok");
    printf("a line from a thread\n");
    alpha = isalpha('x') && !isalpha('1') && toupper('q') == 'Q';
  }).Join();
  EXPECT_STREQ(text, "-7 2.500 ok");
  EXPECT_TRUE(alpha);
}

TEST(NewOsProcTest, TheResolversStateIsTheThreadsOwn) {
  const void* theirs = nullptr;
  int initialised = -1;
  TestThread([&] {
    theirs = &_res;
    initialised = res_init();
  }).Join();
  EXPECT_NE(theirs, static_cast<const void*>(&_res));
  EXPECT_EQ(initialised, 0);
}

TEST(NewOsProcTest, MutexExcludes) {
  std::mutex mu;
  int n = 0;
  {
    std::vector<std::unique_ptr<TestThread>> threads;
    for (int i = 0; i < 4; ++i) {
      threads.push_back(std::make_unique<TestThread>([&] {
        for (int j = 0; j < 20000; ++j) {
          const std::lock_guard<std::mutex> lock(mu);
          ++n;
        }
      }));
    }
  }
  EXPECT_EQ(n, 80000);
}

TEST(NewOsProcTest, RecursiveMutexKnowsItsOwner) {
  std::recursive_mutex mu;
  mu.lock();
  bool taken = true, twice = false;
  TestThread([&] {
    taken = mu.try_lock();
    std::recursive_mutex own;
    own.lock();
    twice = own.try_lock();
    own.unlock();
    own.unlock();
  }).Join();
  mu.unlock();
  EXPECT_FALSE(taken);
  EXPECT_TRUE(twice);
}

TEST(NewOsProcTest, RobustMutexTellsOfADeadOwner) {
  void* head;
  size_t size;
  if (syscall(SYS_get_robust_list, 0, &head, &size) != 0 && errno == ENOSYS) {
    GTEST_SKIP() << "no robust lists here (qemu)";
  }
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_t mu;
  pthread_mutex_init(&mu, &attributes);
  TestThread([&] { pthread_mutex_lock(&mu); }).Join();
  EXPECT_EQ(pthread_mutex_lock(&mu), EOWNERDEAD);
  pthread_mutex_consistent(&mu);
  pthread_mutex_unlock(&mu);
  pthread_mutex_destroy(&mu);
  pthread_mutexattr_destroy(&attributes);
}

TEST(NewOsProcTest, ExceptionsAreCaughtInTheThread) {
  std::string what;
  TestThread([&] {
    try {
      TestThread([&] {
        try {
          throw std::runtime_error("inner");
        } catch (const std::exception& e) {
          what += e.what();
        }
      }).Join();
      throw std::runtime_error(" outer");
    } catch (const std::exception& e) {
      what += e.what();
    }
  }).Join();
  EXPECT_EQ(what, "inner outer");
}

TEST(NewOsProcDeathTest, AnExceptionThatLeavesTheThreadEndsTheProcess) {
  EXPECT_DEATH(TestThread([] { throw std::runtime_error("lost"); }).Join(),
               "terminate called.*");
}

TEST(NewOsProcTest, InheritsTheSignalMaskUnlessGivenOne) {
  sigset_t usr1, old, in_thread;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &usr1, &old);
  TestThread([&] { pthread_sigmask(SIG_BLOCK, nullptr, &in_thread); }).Join();
  EXPECT_TRUE(sigismember(&in_thread, SIGUSR1));
  EXPECT_FALSE(sigismember(&in_thread, SIGUSR2));

  sigset_t usr2, mine;
  sigemptyset(&usr2);
  sigaddset(&usr2, SIGUSR2);
  TestThread([&] { pthread_sigmask(SIG_BLOCK, nullptr, &in_thread); }, &usr2)
      .Join();
  EXPECT_FALSE(sigismember(&in_thread, SIGUSR1));
  EXPECT_TRUE(sigismember(&in_thread, SIGUSR2));

  pthread_sigmask(SIG_SETMASK, &old, &mine);
  EXPECT_TRUE(sigismember(&mine, SIGUSR1)) << "the creator's is restored";
  EXPECT_FALSE(sigismember(&mine, SIGUSR2));
}

TEST(NewOsProcTest, PthreadCallsOnItself) {
  size_t size = 0;
  void* lo = nullptr;
  bool is_self = false, other = true;
  int killed = 0;
  static std::atomic<pid_t> handled_on;
  handled_on = 0;
  pid_t tid = 0;
  signal(SIGUSR1, [](int) { handled_on = GetTid(); });
  const pthread_t creator = pthread_self();
  uintptr_t local = 0;
  TestThread([&] {
    int here;
    local = reinterpret_cast<uintptr_t>(&here);
    tid = GetTid();
    is_self = pthread_equal(pthread_self(), pthread_self());
    other = pthread_equal(pthread_self(), creator);
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
      pthread_attr_getstack(&attributes, &lo, &size);
      pthread_attr_destroy(&attributes);
    }
    killed = pthread_kill(pthread_self(), SIGUSR1);
  }).Join();
  signal(SIGUSR1, SIG_DFL);
  EXPECT_TRUE(is_self);
  EXPECT_FALSE(other);
  EXPECT_EQ(killed, 0);
  EXPECT_EQ(handled_on.load(), tid);
  if (!MStackIsSystemAllocated()) {
    EXPECT_LE(reinterpret_cast<uintptr_t>(lo), local);
    EXPECT_GT(reinterpret_cast<uintptr_t>(lo) + size, local);
    EXPECT_EQ(size, MStackSize());
  }
}

TEST(NewOsProcTest, SchedGetcpuFollowsTheThread) {
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  int wrong = 0;
  TestThread([&] {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (!CPU_ISSET(cpu, &all)) continue;
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      sched_setaffinity(0, sizeof one, &one);
      wrong += sched_getcpu() != cpu;
    }
  }).Join();
  EXPECT_EQ(wrong, 0);
}

TEST(NewOsProcTest, ForksFromTheThread) {
  int status = -1;
  TestThread([&] {
    const pid_t child = fork();
    if (child == 0) {
      free(malloc(1000));
      _exit(7);
    }
    waitpid(child, &status, 0);
  }).Join();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(NewOsProcTest, OrdinaryThreadsBesideIt) {
  int n = 0;
  TestThread([&] { std::thread([&] { ++n; }).join(); }).Join();
  std::thread([&] { TestThread([&] { ++n; }).Join(); }).join();
  EXPECT_EQ(n, 2);
}

}  // namespace
}  // namespace heddle::os
