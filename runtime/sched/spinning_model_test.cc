// The spinning protocol under a model checker. The counters (spinning.h), the
// run queues and the mask of idle Ps are the scheduler's own code; what is
// around them is told here again in short, function by function and in the same
// order, under the same names, as in m_lifecycle.cc, p_lifecycle.cc,
// find_runnable.cc and schedule.cc: keep the two alike.
//
// The property: work gets done though those who submit it do not come back to
// the scheduler. If it were lost all Ms would sleep: a deadlock. (INV-SP1)

#include <cstdint>
#include <iostream>
#include <string>

#include "gtest/gtest.h"
#include "heddle/runtime/sched/gqueue.h"
#include "heddle/runtime/sched/p_mask.h"
#include "heddle/runtime/sched/runq.h"
#include "heddle/runtime/sched/spinning.h"
#include "heddle/testing/model/model.h"

namespace heddle::sched {
namespace {

struct Node {
  model::Var<Node*> schedlink;
};

struct P {
  int32_t id;
  Runq<Node, 2, model::Atomics> runq;
  P* link = nullptr;
};

struct M {
  P* p = nullptr;
  bool spinning = false;
  P* nextp = nullptr;
  M* schedlink = nullptr;
  model::Event park;
};

template <int kProcs, int kMs, int kNodes>
struct Sched : BasicSpinning<model::Atomics> {
  model::Lock lock;
  P allp[kProcs];
  M allm[kMs];
  Node node[kNodes];
  // The rest is written under lock.
  P* pidle = nullptr;
  BasicPMask<kProcs, model::Atomics> idlep_mask;
  M* midle = nullptr;
  // For NewM: the next M that would go to sleep is the new one. At any time.
  P* new_m_p[kProcs] = {};
  bool new_m_spinning[kProcs] = {};
  int new_ms = 0;
  GQueue<Node> runq;
  model::Atomic<int32_t> runqsize;
  // Not part of what is modelled.
  int ran = 0;
  // Goroutines do not come back to the scheduler.
  bool all_hogs = false;

  void Before() {
    for (int32_t i = 0; i < kProcs; i++) allp[i].id = i;
  }

  // Gives allp[p] to the i-th M, which runs.
  void Start(int i, int p, bool spinning) {
    allm[i].p = &allp[p];
    allm[i].spinning = spinning;
    if (spinning) nmspinning.fetch_add(1, std::memory_order_seq_cst);
  }

  bool AllRan() const { return ran == kNodes; }

  void Run(Node*) {
    if (++ran < kNodes) return;
    for (M& m : allm) m.park.Set();
  }

  // ---- globrunq.cc, m_lifecycle.cc ----

  void AddSize(int n) {
    runqsize.store(runqsize.load(std::memory_order_relaxed) + n,
                   std::memory_order_relaxed);
  }
  void GlobRunqPut(Node* gp) {
    runq.PushBack(gp);
    AddSize(1);
  }
  Node* GlobRunqGet() {
    if (runqsize.load(std::memory_order_relaxed) == 0) return nullptr;
    AddSize(-1);
    return runq.Pop();
  }

  void RunqPut(P* pp, Node* gp, bool next) {
    pp->runq.Put(gp, next, nullptr, [this](Node* const* batch, uint32_t n) {
      lock.Acquire();
      for (uint32_t i = 0; i < n; i++) GlobRunqPut(batch[i]);
      lock.Release();
    });
  }

  void Submit(P* pp, Node* gp, bool next = true) {
    if (pp != nullptr) {
      RunqPut(pp, gp, next);
    } else {
      lock.Acquire();
      GlobRunqPut(gp);
      lock.Release();
    }
    WakeP();
  }

  void WakeP() {
    if (WantSpinner() && ClaimSpinning()) WakePClaimed();
  }
  void WakePClaimed() {
    lock.Acquire();
    P* pp = PidleGetSpinning();
    if (pp == nullptr) Lower();
    lock.Release();
    if (pp != nullptr) StartM(pp, /*spinning=*/true);
  }

  void StartM(P* pp, bool spinning) {
    lock.Acquire();
    M* mp = midle;
    if (mp == nullptr) {
      new_m_p[new_ms] = pp;
      new_m_spinning[new_ms++] = spinning;
    } else {
      midle = mp->schedlink;
    }
    lock.Release();
    if (mp == nullptr) return;
    mp->spinning = spinning;
    mp->nextp = pp;
    mp->park.Set();
  }

  void HandoffP(P* pp) {
    if (!pp->runq.Empty() || runqsize.load(std::memory_order_relaxed) != 0) {
      StartM(pp, /*spinning=*/false);
      return;
    }
    if (kProcs > 1 && ClaimSpinningIfAllBusy()) {
      StartM(pp, /*spinning=*/true);
      return;
    }
    lock.Acquire();
    bool start = runqsize.load(std::memory_order_relaxed) != 0;
    if (!start) {
      PidlePut(pp);
      if (!model::LeftOut() && WorkAnnounced()) {
        start = true;
        pp = PidleGet();
      }
    }
    lock.Release();
    if (!start) return;
    if (pp->runq.Empty() && runqsize.load(std::memory_order_relaxed) == 0) {
      AddSpinning();
      StartM(pp, /*spinning=*/true);
    } else {
      StartM(pp, /*spinning=*/false);
    }
  }

  // False: all is done.
  bool StopM(M* mp) {
    lock.Acquire();
    if (new_ms > 0) {
      mp->p = new_m_p[--new_ms];
      mp->spinning = new_m_spinning[new_ms];
      lock.Release();
      return true;
    }
    mp->schedlink = midle;
    midle = mp;
    lock.Release();
    if (!AllRan()) mp->park.Wait();
    if (AllRan()) return false;
    mp->p = mp->nextp;
    mp->nextp = nullptr;
    return true;
  }

  void BecomeSpinning(M* mp) {
    mp->spinning = true;
    AddSpinning();
  }

  void Lower() { model::Require(LowerSpinning(), "nmspinning >= 0"); }

  // ---- p_lifecycle.cc ----

  void PidlePut(P* pp) {
    model::Require(pp->runq.Empty(), "an idle P has no work");
    idlep_mask.Set(pp->id);
    pp->link = pidle;
    pidle = pp;
    RaiseIdle();
  }
  P* PidleGet() {
    P* pp = pidle;
    if (pp == nullptr) return nullptr;
    idlep_mask.Clear(pp->id);
    pidle = pp->link;
    LowerIdle();
    return pp;
  }
  P* PidleGetSpinning() {
    P* pp = PidleGet();
    if (pp == nullptr) AnnounceWork();
    return pp;
  }

  // ---- find_runnable.cc, schedule.cc ----

  Node* StealWork(M* mp) {
    for (P& victim : allp) {
      if (&victim == mp->p || idlep_mask.Read(victim.id)) continue;
      Node* gp = mp->p->runq.StealFrom(&victim.runq, true, [] {});
      if (gp != nullptr) return gp;
    }
    return nullptr;
  }

  bool AnyRunqHasWork() {
    if (model::LeftOut()) return false;
    for (P& pp : allp) {
      if (!idlep_mask.Read(pp.id) && !pp.runq.Empty()) return true;
    }
    return false;
  }

  P* CheckRunqsNoP() {
    bool work = AnyRunqHasWork();
    lock.Acquire();
    if (!model::LeftOut() && runqsize.load(std::memory_order_relaxed) != 0) {
      work = true;
    }
    P* pp = work ? PidleGetSpinning() : nullptr;
    lock.Release();
    return pp;
  }

  enum class GiveUp { kGivenUp, kLookAgain, kFound };

  GiveUp GivePUp(M* mp, Node** gp) {
    lock.Acquire();
    const GiveUp how = GivePUpLocked(mp, gp);
    lock.Release();
    return how;
  }

  GiveUp GivePUpLocked(M* mp, Node** gp) {
    *gp = GlobRunqGet();
    if (*gp != nullptr) return GiveUp::kFound;
    if (!mp->spinning && WorkAnnounced()) {
      BecomeSpinning(mp);
      return GiveUp::kLookAgain;
    }
    P* pp = mp->p;
    mp->p = nullptr;
    PidlePut(pp);
    if (!mp->spinning && !model::LeftOut() && WorkAnnounced()) {
      mp->p = PidleGet();
      BecomeSpinning(mp);
      return GiveUp::kLookAgain;
    }
    return GiveUp::kGivenUp;
  }

  Node* FindRunnable(M* mp) {
    for (;;) {
      Node* gp = mp->p->runq.Get().gp;
      if (gp != nullptr) return gp;
      // Whether one more may spin is a matter of counters that are guesses.
      if (mp->spinning || model::Rand(2) == 0) {
        if (!mp->spinning) BecomeSpinning(mp);
        gp = StealWork(mp);
        if (gp != nullptr) return gp;
      }
      switch (GivePUp(mp, &gp)) {
        case GiveUp::kFound:
          return gp;
        case GiveUp::kLookAgain:
          continue;
        case GiveUp::kGivenUp:
          break;
      }
      if (mp->spinning) {
        mp->spinning = false;
        Lower();
        mp->p = CheckRunqsNoP();
        if (mp->p != nullptr) {
          BecomeSpinning(mp);
          continue;
        }
      }
      if (!StopM(mp)) return nullptr;
    }
  }

  void ScheduleLoop(M* mp) {
    while (Node* gp = FindRunnable(mp)) {
      if (mp->spinning) {
        mp->spinning = false;
        Lower();
        if (!model::LeftOut()) WakeP();
      }
      Run(gp);
      if (all_hogs) return;
    }
  }
};

// A hog is a goroutine that computes for ever on P 0. This one submits two
// others, of which the second kicks the first from runnext to the ring, hogs as
// well. Both other Ms spin, and would give up.
struct HogSubmitsTwo : model::Suite<3> {
  Sched<3, 2, 2> s;

  void Before() override {
    s.Before();
    s.Start(0, 1, /*spinning=*/true);
    s.Start(1, 2, /*spinning=*/true);
    s.all_hogs = true;
  }
  void Thread(unsigned index) override {
    if (index == 0) {
      s.Submit(&s.allp[0], &s.node[0]);
      s.Submit(&s.allp[0], &s.node[1]);
    } else {
      s.ScheduleLoop(&s.allm[index - 1]);
    }
  }
};

// A hog submits one, as runnext or to the ring; one other M, which may spin.
struct HogSubmits : model::Suite<2> {
  Sched<2, 1, 1> s;
  bool next;

  void Before() override {
    s.Before();
    s.Start(0, 1, /*spinning=*/model::Rand(2) == 0);
    next = model::Rand(2) == 0;
  }
  void Thread(unsigned index) override {
    if (index == 0) {
      s.Submit(&s.allp[0], &s.node[0], next);
    } else {
      s.ScheduleLoop(&s.allm[0]);
    }
  }
};

// A thread without a P submits to the global queue.
struct NoP : model::Suite<2> {
  Sched<1, 1, 1> s;

  void Before() override {
    s.Before();
    s.Start(0, 0, /*spinning=*/model::Rand(2) == 0);
  }
  void Thread(unsigned index) override {
    if (index == 0) {
      s.Submit(nullptr, &s.node[0]);
    } else {
      s.ScheduleLoop(&s.allm[0]);
    }
  }
};

// A hog and a thread without a P at once.
struct HogAndNoP : model::Suite<4> {
  Sched<3, 2, 2> s;

  void Before() override {
    s.Before();
    s.Start(0, 1, /*spinning=*/true);
    s.Start(1, 2, /*spinning=*/model::Rand(2) == 0);
  }
  void Thread(unsigned index) override {
    if (index < 2) {
      s.Submit(index == 0 ? &s.allp[0] : nullptr, &s.node[index]);
    } else {
      s.ScheduleLoop(&s.allm[index - 2]);
    }
  }
};

// An M goes into a system call and hands its P on, while a hog submits, and a
// third, who has found an idle P and wants an M to spin with it, will find that
// somebody else has taken it.
struct Handoff : model::Suite<4> {
  Sched<2, 1, 1> s;
  bool claimed;

  void Before() override {
    s.Before();
    claimed = model::Rand(2) == 0 && s.ClaimSpinning();
  }
  void Thread(unsigned index) override {
    switch (index) {
      case 0:
        s.Submit(&s.allp[0], &s.node[0]);
        break;
      case 1:
        s.HandoffP(&s.allp[1]);
        break;
      case 2:
        if (claimed) s.WakePClaimed();
        break;
      case 3:
        if (s.StopM(&s.allm[0])) s.ScheduleLoop(&s.allm[0]);
        break;
    }
  }
};

// An M comes out of a system call, finds P 0 idle, and is a hog on it.
struct HogTakesAnIdleP : model::Suite<2> {
  Sched<2, 1, 1> s;

  void Before() override {
    s.Before();
    s.PidlePut(&s.allp[0]);
    s.Start(0, 1, /*spinning=*/model::Rand(2) == 0);
  }
  void Thread(unsigned index) override {
    if (index == 0) {
      s.lock.Acquire();
      P* pp = s.PidleGet();
      s.lock.Release();
      s.Submit(pp, &s.node[0]);
    } else {
      s.ScheduleLoop(&s.allm[0]);
    }
  }
};

TEST(SpinningModelTest, HogSubmitsTwo) {
  EXPECT_CLEAN(HogSubmitsTwo, model::Bound(2));
  EXPECT_CLEAN(HogSubmitsTwo, model::Random(200'000));
}

TEST(SpinningModelTest, HogSubmits) {
  EXPECT_CLEAN(HogSubmits, model::Bound(3));
  EXPECT_CLEAN(HogSubmits, model::Random(200'000));
}

TEST(SpinningModelTest, NoP) {
  EXPECT_CLEAN(NoP, model::Bound(3));
  EXPECT_CLEAN(NoP, model::Random(200'000));
}

TEST(SpinningModelTest, HogAndNoP) {
  EXPECT_CLEAN(HogAndNoP, model::Bound(1));
  EXPECT_CLEAN(HogAndNoP, model::Random(200'000));
}

TEST(SpinningModelTest, Handoff) {
  EXPECT_CLEAN(Handoff, model::Bound(2));
  EXPECT_CLEAN(Handoff, model::Random(200'000));
}

TEST(SpinningModelTest, HogTakesAnIdleP) {
  EXPECT_CLEAN(HogTakesAnIdleP, model::Bound(2));
  EXPECT_CLEAN(HogTakesAnIdleP, model::Random(200'000));
}

using enum std::memory_order;
using enum model::Op;
using enum model::Mutation::Kind;

TEST(SpinningModelTest, OrdersWeakened) {
  EXPECT_CAUGHT(HogSubmitsTwo, model::Bound(2),
                {.what = "TryPutTail's store of tail is a release only",
                 .function = "TryPutTail",
                 .op = kStore,
                 .to = release});
  EXPECT_CAUGHT(HogSubmits, model::Bound(2),
                {.what = "SwapNext's exchange of runnext is a release only",
                 .function = "SwapNext",
                 .op = kExchange,
                 .to = release});
  EXPECT_CAUGHT(HogSubmits, model::Bound(2),
                {.what = "Empty's looks are acquires only",
                 .function = "Empty",
                 .op = kLoad,
                 .to = acquire});
  EXPECT_CAUGHT(HogTakesAnIdleP, model::Bound(2),
                {.what = "the look at the mask of idle Ps is an acquire only",
                 .function = "Read",
                 .op = kLoad,
                 .to = acquire});
  EXPECT_CAUGHT(HogSubmits, model::Bound(2),
                {.what = "LowerSpinning is a release only",
                 .function = "LowerSpinning",
                 .op = kFetch,
                 .to = release});
  EXPECT_CAUGHT(HogSubmits, model::Bound(2),
                {.what = "ClaimSpinning's look is an acquire only",
                 .function = "ClaimSpinning",
                 .op = kLoad,
                 .to = acquire});
  EXPECT_CAUGHT(HogSubmits, model::Bound(2),
                {.what = "RaiseIdle is a release only",
                 .function = "RaiseIdle",
                 .op = kFetch,
                 .to = release});
  EXPECT_CAUGHT(HogSubmits, model::Bound(2),
                {.what = "WantSpinner's looks are acquires only",
                 .function = "WantSpinner",
                 .op = kLoad,
                 .to = acquire});
  EXPECT_CAUGHT(HogSubmits, model::Bound(2),
                {.what = "WantSpinner's announcement is a release only",
                 .function = "WantSpinner",
                 .op = kStore,
                 .to = release});
  EXPECT_CAUGHT(HogSubmits, model::Bound(2),
                {.what = "the look at needspinning is an acquire only",
                 .function = "WorkAnnounced",
                 .op = kLoad,
                 .to = acquire});
}

TEST(SpinningModelTest, LooksLeftOut) {
  EXPECT_CAUGHT(HogSubmits, model::Bound(3),
                {.what = "no look at the queues after LowerSpinning",
                 .function = "AnyRunqHasWork",
                 .op = kCall,
                 .kind = kDrop});
  EXPECT_CAUGHT(NoP, model::Bound(3),
                {.what = "no look at the global queue after LowerSpinning",
                 .function = "CheckRunqsNoP",
                 .op = kCall,
                 .kind = kDrop});
  EXPECT_CAUGHT(HogSubmits, model::Bound(3),
                {.what = "no look at needspinning after PidlePut",
                 .function = "GivePUpLocked",
                 .op = kCall,
                 .kind = kDrop});
  EXPECT_CAUGHT(Handoff, model::Bound(2),
                {.what = "no look at needspinning in HandoffP",
                 .function = "HandoffP",
                 .op = kCall,
                 .kind = kDrop});
  EXPECT_CAUGHT(HogSubmitsTwo, model::Bound(1),
                {.what = "no WakeP by the last that spun",
                 .function = "ScheduleLoop",
                 .op = kCall,
                 .kind = kDrop});
  EXPECT_CAUGHT(HogSubmits, model::Bound(3),
                {.what = "no look at npidle in WantSpinner",
                 .function = "WantSpinner",
                 .op = kLoad,
                 .kind = kAnswer,
                 .answer = 0});
}

}  // namespace
}  // namespace heddle::sched
