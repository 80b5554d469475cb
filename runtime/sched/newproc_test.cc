// The go statement, case by case.

#include "heddle/runtime/sched/newproc.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/sched/globrunq.h"
#include "heddle/runtime/sched/mmap_for_test.h"
#include "heddle/runtime/sched/park.h"
#include "heddle/runtime/sched/sched_for_test.h"

namespace heddle::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

size_t NumG(Sched* sched) {
  os::LockGuard guard(sched->allglock);
  return sched->allgs.size();
}

TEST(NewProcDeathTest, NilFunction) {
  SchedForTest s({.procs = 1, .preempt = false});
  EXPECT_DEATH(s.Run([] { GoOn(static_cast<void (*)()>(nullptr)); }),
               "fatal error: go of nil func value");
  EXPECT_DEATH(s.Run([] { GoOn(std::function<void()>()); }),
               "fatal error: go of nil func value");
}

TEST(NewProcTest, FreeListEmptyMakesANewG) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    EXPECT_EQ(NumG(s.get()), 1);  // main
    GoOn([] {});
    EXPECT_EQ(NumG(s.get()), 2);
    GoOn([] {});
    EXPECT_EQ(NumG(s.get()), 3);
  });
}

TEST(NewProcTest, AFinishedGIsReused) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    // Two in turn, of which one has kept the only stack.
    G* gs[4] = {};
    stack::Stack stacks[4];
    for (int i = 0; i < 4; i++) {
      GoOn([&, i] {
        gs[i] = Getg();
        stacks[i] = gs[i]->stack;
      });
      GoschedUntil([&] { return gs[i] != nullptr; });
      EXPECT_EQ(stacks[i], stacks[0]);
    }
    EXPECT_EQ(gs[0], gs[2]);
    EXPECT_EQ(gs[1], gs[3]);
    EXPECT_EQ(NumG(s.get()), 3);
  });
}

// What the G has of a former goroutine's is not the next one's.
TEST(NewProcTest, AReusedGHasNoName) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    for (int i = 0; i < 20; i++) GoOn([] {}, {.name = "named"});
    GoschedUntil([&] { return GCount(s.get()) == 1; });
    int n = 0;
    for (int i = 0; i < 20; i++) {
      GoOn([&n] {
        EXPECT_EQ(Getg()->name(), "");
        n++;
      });
    }
    GoschedUntil([&] { return n == 20; });
    EXPECT_LE(NumG(s.get()), 41u);
  });
}

TEST(NewProcTest, FreeListOver64SpillsToTheGlobalOne) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    for (int i = 0; i < 63; i++) GoOnWithStack();
    GoschedUntil([&] { return GCount(s.get()) == 1; });
    P* pp = Getm()->p;
    EXPECT_EQ(pp->gfree.n(), 63);
    EXPECT_EQ(s->gfree.n(), 0);
    for (int i = 0; i < 64; i++) GoOnWithStack();
    EXPECT_EQ(pp->gfree.n(), 0);
    GoschedUntil([&] { return GCount(s.get()) == 1; });
    // The 64th makes it spill until 31 are left.
    EXPECT_EQ(pp->gfree.n(), 31);
    EXPECT_EQ(s->gfree.n(), 33);
    // Half empty: the P's own are used first, then a batch comes back.
    for (int i = 0; i < 31; i++) GoOnWithStack();
    EXPECT_EQ(pp->gfree.n(), 0);
    EXPECT_EQ(s->gfree.n(), 33);
    GoOnWithStack();
    EXPECT_EQ(pp->gfree.n(), 31);
    EXPECT_EQ(s->gfree.n(), 1);
    EXPECT_EQ(NumG(s.get()), 65);
  });
}

TEST(NewProcTest, ACachedStackOfTheWrongSizeIsReplaced) {
  SchedForTest s({.procs = 1, .stack_size = 64 << 10});
  s.Run([&] {
    G* gp = nullptr;
    GoOn([&] { gp = Getg(); });
    GoschedUntil([&] { return gp != nullptr; });
    ASSERT_EQ(gp->stack.size(), 64u << 10);
    s->starting_stack_size = 128 << 10;
    G* again = nullptr;
    GoOn([&] { again = Getg(); });
    GoschedUntil([&] { return again != nullptr; });
    EXPECT_EQ(again->stack.size(), 128u << 10);
    EXPECT_FALSE(gp->stack);
    // One that asks for another one.
    size_t size = 0;
    GoOn([&] { size = Getg()->stack.size(); }, {.stack_size = 256 << 10});
    GoschedUntil([&] { return size != 0; });
    EXPECT_EQ(size, 256u << 10);
    EXPECT_EQ(NumG(s.get()), 3);
  });
}

TEST(NewProcTest, AStackOfItsOwnSizeIsNotKept) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    size_t size = 0;
    G* gp = nullptr;
    GoOn(
        [&] {
          gp = Getg();
          size = gp->stack.size();
        },
        {.stack_size = 200'000});
    GoschedUntil([&] { return GCount(s.get()) == 1; });
    EXPECT_EQ(size, 256u << 10);
    EXPECT_EQ(gp->stack.size(), 0);
  });
}

TEST(NewProcTest, BadStackSizesAreErrors) {
  SchedForTest s({.procs = 1, .stack_size = 512 << 10});
  s.Run([&] {
    for (size_t size : {size_t{1}, stack::kMaxStack + 1}) {
      try {
        GoOn([] {}, {.stack_size = size});
        ADD_FAILURE() << size;
      } catch (const std::invalid_argument& e) {
        EXPECT_THAT(e.what(), HasSubstr("GoOptions::stack_size is " +
                                        std::to_string(size)));
      }
    }
    std::array<char, 40 << 10> big = {};
    EXPECT_THROW(
        GoOn([big] { static_cast<void>(big); }, {.stack_size = 64 << 10}),
        std::invalid_argument);
    bool ran = false;
    GoOn([big, &ran] { ran = big[0] == 0; }, {.stack_size = 128 << 10});
    GoschedUntil([&] { return GCount(s.get()) == 1; });
    EXPECT_TRUE(ran);
  });
}

TEST(NewProcTest, CapturedStateLiesOnTheNewStack) {
  struct alignas(64) Aligned {
    int value = 7;
  };
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    bool inside = false;
    bool aligned = false;
    GoOn([&, a = Aligned(), p = std::make_unique<int>(3)] {
      const auto at = reinterpret_cast<uintptr_t>(&a);
      const stack::Stack stack = Getg()->stack;
      inside = at >= stack.lo && at + sizeof a <= stack.hi;
      aligned = at % alignof(Aligned) == 0 && a.value == 7 && *p == 3;
    });
    GoschedUntil([&] { return GCount(s.get()) == 1; });
    EXPECT_TRUE(inside);
    EXPECT_TRUE(aligned);
  });
}

struct ThrowsOnCopy {
  ThrowsOnCopy() = default;
  ThrowsOnCopy(const ThrowsOnCopy&) { throw std::runtime_error("copy"); }
  void operator()() const { ADD_FAILURE() << "ran"; }
};

TEST(NewProcTest, ACopyThatThrowsStartsNothing) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    const ThrowsOnCopy f;
    for (int i = 0; i < 3; i++) {
      EXPECT_THROW(GoOn(f), std::runtime_error);
      EXPECT_EQ(GCount(s.get()), 1);
      EXPECT_EQ(Getm()->p->gfree.n(), 1);
      EXPECT_EQ(Getm()->gate.locks(), 0);
    }
    EXPECT_EQ(NumG(s.get()), 2);
  });
}

TEST(NewProcTest, ACopyMayItselfStartAndYield) {
  struct Yields {
    Yields() = default;
    Yields(const Yields&) {
      GoOn([] {});
      Gosched();
    }
    void operator()() const {}
  };
  SchedForTest s({.procs = 2});
  s.Run([&] {
    const Yields f;
    for (int i = 0; i < 100; i++) GoOn(f);
  });
  EXPECT_EQ(GCount(s.get()), 0);
}

TEST(NewProcTest, IdsComeInBatchesOf16) {
  SchedForTest s({.procs = 1, .preempt = false});
  std::vector<uint64_t> ids;
  s.Run([&] {
    EXPECT_EQ(Getg()->goid, 1);
    EXPECT_EQ(s->goidgen, 1);
    for (int i = 0; i < 3; i++) {
      GoOn([&] { ids.push_back(Getg()->goid); });
      GoschedUntil([&] { return GCount(s.get()) == 1; });
    }
    // A thread without a P takes one id, after the batch.
    EXPECT_EQ(s->goidgen, 17);
    std::thread([&] {
      NewProc(s.get(), MakeFuncVal([&] { ids.push_back(Getg()->goid); }), {},
              0);
    }).join();
  });
  EXPECT_THAT(ids, ElementsAre(2, 3, 4, 18));
}

TEST(NewProcTest, MainIsAlwaysOne) {
  SchedForTest s({.procs = 1, .preempt = false});
  for (int i = 0; i < 3; i++) {
    uint64_t id = 0;
    s.Run([&] { id = Getg()->goid; });
    EXPECT_EQ(id, 1);
  }
}

void Callee() {}

TEST(NewProcTest, RecordsWhereItComesFrom) {
  SchedForTest s({.procs = 1, .preempt = false});
  s.Run([&] {
    GoOn([&] {
      const uint64_t parent = Getg()->goid;
      GoOn(Callee);
      const G* gp = Getm()->p->runq.Get().gp;
      ASSERT_NE(gp, nullptr);
      EXPECT_EQ(gp->parent_goid, parent);
      EXPECT_EQ(gp->startpc, reinterpret_cast<uintptr_t>(&Callee));
      EXPECT_NE(gp->gopc, 0);
      EXPECT_EQ(ReadGStatus(gp), GStatus::kRunnable);
      const InRuntime in;
      RunqPut(s.get(), Getm()->p, const_cast<G*>(gp), true);
    });
  });
}

TEST(NewProcTest, SystemGoroutinesAreNotCounted) {
  SchedForTest s({.procs = 1, .preempt = false});
  bool ran = false;
  s.Run([&] {
    GoOn([&] { ran = true; }, {.name = "collector", .system = true});
    EXPECT_EQ(GCount(s.get()), 1);
    GoschedUntil([&] { return ran; });
    EXPECT_EQ(GCount(s.get()), 1);
  });
}

TEST(NewProcTest, LocalQueueFullMovesHalfToTheGlobalOne) {
  SchedForTest s({.procs = 1, .preempt = false});
  std::vector<int> order;
  s.Run([&] {
    const P* pp = Getm()->p;
    int i = 0;
    // One in runnext and 256 in the ring.
    for (; i < 257; i++) GoOn([&order, i] { order.push_back(i); });
    EXPECT_EQ(pp->runq.size(), 256);
    EXPECT_EQ(s->runqsize, 0);
    for (; i < 258; i++) GoOn([&order, i] { order.push_back(i); });
    EXPECT_EQ(pp->runq.size(), 128);
    EXPECT_EQ(s->runqsize, 129);
  });
  std::sort(order.begin(), order.end());
  ASSERT_EQ(order.size(), 258);
  for (int i = 0; i < 258; i++) EXPECT_EQ(order[i], i);
}

TEST(NewProcTest, RunnextIsKickedOut) {
  SchedForTest s({.procs = 1, .preempt = false});
  std::vector<int> order;
  s.Run([&] {
    for (int i = 0; i < 4; i++) GoOn([&order, i] { order.push_back(i); });
  });
  // The last one started runs first, then the kicked out ones in order.
  EXPECT_THAT(order, ElementsAre(3, 0, 1, 2));
}

TEST(NewProcTest, ManyGoroutinesFromManyThreads) {
  SchedForTest s({.procs = 2});
  std::atomic<int> n{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; i++) {
        NewProc(s.get(), MakeFuncVal([&] { n++; }), {}, 0);
      }
    });
  }
  s.Run([] {});
  for (std::thread& t : threads) t.join();
  s.Run([] {});  // what came after the end of the first
  EXPECT_EQ(n, 2000);
}

// When it runs first, or, if its callable is large, when it is started.
TEST(NewProcDeathTest, OutOfMemoryForAStack) {
  EXPECT_DEATH(
      {
        SchedForTest s({.procs = 1, .preempt = false});
        s.Run([] {
          for (int i = 0; i < 10'000; i++) GoOn([] { Gosched(); });
          mmap_fails = true;
          Gosched();
        });
      },
      "fatal error: out of memory: no stack for a goroutine");
  EXPECT_DEATH(
      {
        SchedForTest s({.procs = 1, .preempt = false});
        s.Run([] {
          for (int i = 0; i < 1'000; i++) GoOnWithStack();
          mmap_fails = true;
          for (int i = 0; i < 10'000; i++) GoOnWithStack();
        });
      },
      "fatal error: out of memory: no (stack for|room for) a goroutine");
}

TEST(NewProcDeathTest, OutOfMemoryForAGoroutine) {
  EXPECT_DEATH(
      {
        SchedForTest s({.procs = 1, .preempt = false});
        s.Run([] {
          mmap_fails = true;
          for (int i = 0; i < 100'000; i++) GoOn([] {});
        });
      },
      "fatal error: out of memory: no room for a goroutine");
}

}  // namespace
}  // namespace heddle::sched
