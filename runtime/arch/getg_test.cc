#include "heddle/runtime/arch/getg.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/arch/context_for_test.h"

namespace heddle::arch {
namespace {

TEST(GetG, IsNullUntilSet) {
  std::thread([] {
    EXPECT_EQ(GetG(), nullptr);
    int g;
    SetG(&g);
    EXPECT_EQ(GetG(), &g);
    SetG(nullptr);
    EXPECT_EQ(GetG(), nullptr);
  }).join();
}

TEST(GetM, IsAnotherVariable) {
  int g;
  int m;
  SetG(&g);
  EXPECT_EQ(GetM(), nullptr);
  SetM(&m);
  EXPECT_EQ(GetG(), &g);
  EXPECT_EQ(GetM(), &m);
  std::thread([] { EXPECT_EQ(GetM(), nullptr); }).join();
  SetG(nullptr);
  EXPECT_EQ(GetM(), &m);
  SetM(nullptr);
  EXPECT_EQ(GetM(), nullptr);
}

TEST(GetG, IsEachThreadsOwn) {
  int mine;
  SetG(&mine);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([] {
      int own;
      EXPECT_EQ(GetG(), nullptr);
      SetG(&own);
      std::this_thread::yield();
      EXPECT_EQ(GetG(), &own);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(GetG(), &mine);
  SetG(nullptr);
}

// One context, resumed by two threads in turn: after each switch GetG is that
// of the thread it is on now.
TEST(GetG, FollowsAContextFromThreadToThread) {
  constexpr int kTurns = 2000;
  int gs[2];
  std::atomic<int> turn{0};
  int wrong = 0;
  Context context([&](Context& c) {
    for (int i = 0; i < kTurns; i++) {
      // The same function reads before and after: the case a compiler would
      // like to share.
      if (GetG() != &gs[i % 2]) wrong++;
      c.Suspend();
      if (GetG() != &gs[(i + 1) % 2]) wrong++;
    }
  });
  const auto run = [&](int me) {
    SetG(&gs[me]);
    for (;;) {
      // acquire: pairs with the other thread's release of its turn below.
      const int now = turn.load(std::memory_order_acquire);
      if (now > kTurns) return;
      if (now % 2 != me) {
        std::this_thread::yield();
        continue;
      }
      context.Resume();
      // release: pairs with the acquire above.
      turn.store(now + 1, std::memory_order_release);
    }
  };
  std::thread other(run, 1);
  run(0);
  other.join();
  SetG(nullptr);
  EXPECT_TRUE(context.done());
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace heddle::arch
