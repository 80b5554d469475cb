// The gate under a model checker: an M that goes in and out, and sysmon, which
// takes its P. The gate is the scheduler's own code; who goes through it is
// told here again in short, under the names of m.h, retake.cc and syscall.cc.
//
// membarrier(2) is a full fence on both sides, as P1202 has it.

#include <cstdint>
#include <iostream>
#include <string>

#include "gtest/gtest.h"
#include "heddle/runtime/sched/gate.h"
#include "heddle/testing/model/model.h"

namespace heddle::sched {
namespace {

struct ModelAtomics : model::Atomics {
  static void LightFence(HEDDLE_MODEL_SITE) {
    model::Fence(std::memory_order_seq_cst, at);
  }
};

// One M and one P. kTakers threads that take it, kTimes times each.
template <int kTakers, int kTimes>
struct Taken : model::Suite<1 + kTakers> {
  // ---- the M's ----
  BasicGate<ModelAtomics> gate;
  bool has_p = true;
  model::Var<int> is_hog{0};

  // ---- the P's ----
  // Whether it belongs to the M.
  model::Atomic<int> m{1};
  // Its run queue, say: touched by its owner alone.
  model::Var<int> data{0};
  // Written by its owner, read by takers: schedtick.
  model::Atomic<int> tick{0};
  model::Lock lock;
  bool idle = false;  // under lock

  model::Lock steal_lock;

  // What is true, seen from outside.
  enum class Owner { kM, kTaker, kNobody } owner = Owner::kM;
  bool inside = true;
  int last_tick = 0;

  void Acquirem() {
    if (gate.Enter() && gate.Settle()) {
      has_p = false;
      if (is_hog.Get() != 0) is_hog.Set(0);
      GetAnyP();
    } else {
      model::Require(owner == Owner::kM, "the P is noticed to be gone");
    }
    inside = true;
  }

  void GetAnyP() {
    while (!has_p) {
      lock.Acquire();
      has_p = idle;
      idle = false;
      lock.Release();
      if (!has_p) model::Yield();
    }
    owner = Owner::kM;
    m.store(1, std::memory_order_release);
  }

  void Releasem() {
    inside = false;
    gate.Leave();
  }

  void RunM() {
    for (int i = 0; i < 2; i++) {
      Use(Owner::kM);
      Releasem();
      Acquirem();
      Use(Owner::kM);
    }
    Releasem();
  }

  void Use(Owner who) {
    model::Require(owner == who, "one M has the P");
    data.Set(data.Get() + 1);
    tick.store(++last_tick, std::memory_order_relaxed);
    model::Require(owner == who, "one M has the P");
  }

  bool TakeIf() {
    if (m.load(std::memory_order_acquire) == 0 || gate.locks() != 0) {
      return false;
    }
    is_hog.Set(1);
    if (!gate.Ask()) return false;
    model::Fence(std::memory_order_seq_cst);
    if (gate.Open() && m.load(std::memory_order_relaxed) != 0) {
      const int seen = tick.load(std::memory_order_relaxed);
      if (gate.Take()) {
        model::Require(!inside, "inside the M keeps its P");
        model::Require(seen == last_tick, "what was read before is true");
        owner = Owner::kTaker;
        m.store(0, std::memory_order_relaxed);
        return true;
      }
    }
    gate.Withdraw();
    return false;
  }

  void RunTaker() {
    for (int i = 0; i < kTimes; i++) {
      steal_lock.Acquire();
      const bool taken = TakeIf();
      steal_lock.Release();
      if (!taken) continue;
      Use(Owner::kTaker);
      owner = Owner::kNobody;
      lock.Acquire();
      idle = true;
      lock.Release();
    }
  }

  void Thread(unsigned index) override { index == 0 ? RunM() : RunTaker(); }
};

using Once = Taken<1, 1>;
using Twice = Taken<1, 2>;
using TwoTakers = Taken<2, 1>;

TEST(GateModelTest, Once) {
  EXPECT_CLEAN(Once, model::Bound(5));
  EXPECT_CLEAN(Once, model::Random(500'000));
}

TEST(GateModelTest, Twice) {
  EXPECT_CLEAN(Twice, model::Bound(4));
  EXPECT_CLEAN(Twice, model::Random(500'000));
}

TEST(GateModelTest, TwoTakers) {
  EXPECT_CLEAN(TwoTakers, model::Bound(3));
  EXPECT_CLEAN(TwoTakers, model::Random(500'000));
}

using enum std::memory_order;
using enum model::Op;
using enum model::Mutation::Kind;

TEST(GateModelTest, FencesLeftOut) {
  EXPECT_CAUGHT(Once, model::Bound(4),
                {.what = "no light fence",
                 .function = "Enter",
                 .op = kFence,
                 .kind = kDrop});
  EXPECT_CAUGHT(Once, model::Bound(4),
                {.what = "no heavy fence",
                 .function = "TakeIf",
                 .op = kFence,
                 .kind = kDrop});
}

// Take's release and Settle's acquire are not among these: the two fences order
// the same. Nor is Ask's comparison, which TakeIf's look at m makes
// superfluous.
TEST(GateModelTest, OrdersLeftOut) {
  EXPECT_CAUGHT(Once, model::Bound(4),
                {.what = "Leave's release",
                 .function = "Leave",
                 .op = kStore,
                 .order = release});
  EXPECT_CAUGHT(Once, model::Bound(4),
                {.what = "Open's acquire",
                 .function = "Open",
                 .op = kLoad,
                 .order = acquire});
}

TEST(GateModelTest, StoresForCompareExchanges) {
  EXPECT_CAUGHT(Once, model::Bound(4),
                {.what = "Take's compare-exchange",
                 .function = "Take",
                 .op = kCas,
                 .order = release,
                 .kind = kBlindly});
  EXPECT_CAUGHT(Once, model::Bound(4),
                {.what = "Settle's compare-exchange",
                 .function = "Settle",
                 .op = kCas,
                 .order = acquire,
                 .kind = kBlindly});
}

TEST(GateModelTest, LooksLeftOut) {
  EXPECT_CAUGHT(Once, model::Bound(4),
                {.what = "Enter's look at steal",
                 .function = "Enter",
                 .op = kLoad,
                 .order = acquire,
                 .kind = kAnswer,
                 .answer = 0});
  EXPECT_CAUGHT(Once, model::Bound(4),
                {.what = "Open's look at locks",
                 .function = "Open",
                 .op = kLoad,
                 .order = acquire,
                 .kind = kAnswer,
                 .answer = 0});
}

}  // namespace
}  // namespace heddle::sched
