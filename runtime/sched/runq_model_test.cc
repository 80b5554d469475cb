// The run queue under a model checker: an owner and thieves at every moment of
// each other, and with every order of memory that C++ allows them to see.

#include <cstdint>
#include <iostream>
#include <string>

#include "gtest/gtest.h"
#include "heddle/runtime/sched/gqueue.h"
#include "heddle/runtime/sched/runq.h"
#include "heddle/testing/model/model.h"

namespace heddle::sched {
namespace {

struct Node {
  model::Var<Node*> schedlink;
  // Whether it is on a queue: written by whoever puts it there, read and
  // written by whoever gets it, so that the checker sees that the queue orders
  // the two.
  model::Var<int> queued{0};
};

// kThreads threads with a queue each, of kSize places.
template <uint32_t kSize, int kThreads, int kNodes>
class Queues {
 public:
  using Queue = Runq<Node, kSize, model::Atomics>;

  Queue queue[kThreads];

  // Makes node i runnable on thread t's queue, which the caller is.
  void Put(int t, int i, bool next) {
    Node* gp = &node_[i];
    model::Require(gp->queued.Get() == 0, "it is free");
    gp->queued.Set(1);
    queue[t].Put(gp, next, nullptr, [](Node* const* batch, uint32_t n) {
      model::Require(n == Queue::kBatch, "half of the ring and one more");
      for (uint32_t k = 0; k < n; k++) Took(batch[k]);
    });
  }

  // Puts the first n nodes; those for which there is no room are taken back.
  // Returns how many were put.
  uint32_t PutBatch(int t, int n) {
    GQueue<Node> batch;
    for (int i = 0; i < n; i++) {
      node_[i].queued.Set(1);
      batch.PushBack(&node_[i]);
    }
    const uint32_t done = queue[t].PutBatch(&batch);
    while (Take(batch.Pop()) >= 0) continue;
    return done;
  }

  // The node that the caller of Get or StealFrom has now; may be null. Returns
  // its number, -1 for null.
  int Take(Node* gp) {
    if (gp == nullptr) return -1;
    Took(gp);
    return static_cast<int>(gp - node_);
  }

  int Steal(int thief, int victim, bool runnext) {
    return Take(queue[thief].StealFrom(&queue[victim], runnext, [] {}));
  }

  // At the end: what was put and did not come out is still there.
  void Check() {
    for (Queue& q : queue) {
      while (Take(q.Get().gp) >= 0) continue;
      model::Require(q.Empty() && q.size() == 0, "it is empty");
    }
    for (Node& n : node_) model::Require(n.queued.Get() == 0, "none is lost");
  }

 private:
  static void Took(Node* gp) {
    model::Require(gp->queued.Get() == 1, "each comes out once");
    gp->queued.Set(0);
  }

  Node node_[kNodes];
};

// The ring overflows, runnext is kicked out, a node comes back to the place
// where it was (ABA).
struct OwnerAndThief : model::Suite<2> {
  Queues<2, 2, 4> q;

  void Thread(unsigned index) override {
    if (index == 0) {
      q.Put(0, 0, /*next=*/true);
      q.Put(0, 1, /*next=*/true);
      q.Put(0, 2, /*next=*/false);
      q.Put(0, 3, /*next=*/false);
      const int i = q.Take(q.queue[0].Get().gp);
      if (i >= 0) q.Put(0, i, /*next=*/true);
      q.Take(q.queue[0].Get().gp);
    } else {
      q.Steal(1, 0, /*runnext=*/true);
      q.Steal(1, 0, /*runnext=*/false);
      q.Take(q.queue[1].Get().gp);
    }
  }
  void After() override { q.Check(); }
};

// Three at once, two of whom steal from each other too.
struct TwoThieves : model::Suite<3> {
  Queues<4, 3, 5> q;

  void Thread(unsigned index) override {
    switch (index) {
      case 0:
        for (int i = 0; i < 4; i++) q.Put(0, i, /*next=*/false);
        q.Put(0, 4, /*next=*/true);
        q.Take(q.queue[0].Get().gp);
        q.Take(q.queue[0].Get().gp);
        break;
      case 1:
        q.Steal(1, 0, /*runnext=*/true);
        q.Take(q.queue[1].Get().gp);
        break;
      case 2:
        q.Steal(2, 1, /*runnext=*/true);
        q.Steal(2, 0, /*runnext=*/true);
        break;
    }
  }
  void After() override { q.Check(); }
};

// Half of a batch is stolen, and half of that in turn.
struct ThiefOfAThief : model::Suite<3> {
  Queues<4, 3, 4> q;

  void Thread(unsigned index) override {
    if (index == 0) {
      model::Require(q.PutBatch(0, 4) == 4, "there is room");
    } else {
      while (q.Steal(index, index - 1, /*runnext=*/false) < 0) model::Yield();
    }
  }
  void After() override { q.Check(); }
};

// A batch from the global queue, larger than the room for it.
struct Batch : model::Suite<2> {
  Queues<2, 2, 3> q;

  void Thread(unsigned index) override {
    if (index == 0) {
      model::Require(q.PutBatch(0, 3) == 2, "as many as there is room for");
      q.Take(q.queue[0].Get().gp);
    } else {
      q.Steal(1, 0, /*runnext=*/false);
    }
  }
  void After() override { q.Check(); }
};

// The owner takes the newest, and puts others in its place, while a thief is
// about to take half of what was there before.
struct Newest : model::Suite<2> {
  Queues<4, 2, 4> q;

  void Thread(unsigned index) override {
    if (index == 0) {
      for (int i = 0; i < 3; i++) q.Put(0, i, /*next=*/false);
      q.Take(q.queue[0].GetNewest());
      const int i = q.Take(q.queue[0].GetNewest());
      if (i >= 0) q.Put(0, i, /*next=*/false);
      q.Take(q.queue[0].GetNewest());
      q.Take(q.queue[0].Get().gp);
      q.Put(0, 3, /*next=*/false);
    } else {
      q.Steal(1, 0, /*runnext=*/false);
      q.Steal(1, 0, /*runnext=*/false);
    }
  }
  void After() override { q.Check(); }
};

// There is always a node, once as runnext and once in the ring: Go's
// TestSchedLocalQueueEmpty.
struct NeverEmpty : model::Suite<2> {
  Queues<2, 1, 2> q;

  void Before() override { q.Put(0, 0, /*next=*/true); }
  void Thread(unsigned index) override {
    if (index == 0) {
      q.Put(0, 1, /*next=*/true);
      model::Require(q.Take(q.queue[0].Get().gp) == 1, "runnext is first");
    } else {
      model::Require(!q.queue[0].Empty(), "it is never empty");
    }
  }
  void After() override { q.Check(); }
};

// Newest is half of all the work. Of two shards each has every other case.
TEST(RunqModelTest, OwnerAndThief) {
  EXPECT_CLEAN(OwnerAndThief, model::Bound(4));
  EXPECT_CLEAN(OwnerAndThief, model::Random(200'000));
}

TEST(RunqModelTest, Batch) {
  EXPECT_CLEAN(Batch, model::Bound(6));
  EXPECT_CLEAN(Batch, model::Random(200'000));
}

TEST(RunqModelTest, TwoThieves) {
  EXPECT_CLEAN(TwoThieves, model::Bound(2));
  EXPECT_CLEAN(TwoThieves, model::Random(200'000));
}

TEST(RunqModelTest, Newest) {
  EXPECT_CLEAN(Newest, model::Bound(4));
  EXPECT_CLEAN(Newest, model::Random(200'000));
}

TEST(RunqModelTest, ThiefOfAThief) {
  EXPECT_CLEAN(ThiefOfAThief, model::Bound(3));
  EXPECT_CLEAN(ThiefOfAThief, model::Random(200'000));
}

TEST(RunqModelTest, NeverEmpty) {
  EXPECT_CLEAN(NeverEmpty, model::Full());
  EXPECT_CLEAN(NeverEmpty, model::Random(200'000));
}

using enum std::memory_order;
using enum model::Op;
using enum model::Mutation::Kind;

TEST(RunqModelTest, OrdersLeftOut) {
  EXPECT_CAUGHT(OwnerAndThief, model::Bound(4),
                {.what = "TryPutTail's release of tail",
                 .function = "TryPutTail",
                 .op = kStore,
                 .order = seq_cst});
  EXPECT_CAUGHT(OwnerAndThief, model::Bound(4),
                {.what = "SwapNext's exchange of runnext",
                 .function = "SwapNext",
                 .op = kExchange,
                 .order = seq_cst});
  EXPECT_CAUGHT(OwnerAndThief, model::Bound(4),
                {.what = "Grab's acquires of head and tail",
                 .function = "Grab",
                 .op = kLoad,
                 .order = acquire});
  EXPECT_CAUGHT(OwnerAndThief, model::Bound(4),
                {.what = "Grab's acquire of runnext",
                 .function = "Grab",
                 .op = kCas,
                 .order = acquire});
  EXPECT_CAUGHT(ThiefOfAThief, model::Bound(3),
                {.what = "StealFrom's release of tail",
                 .function = "StealFrom",
                 .op = kStore,
                 .order = release});
  EXPECT_CAUGHT(Batch, model::Bound(6),
                {.what = "PutBatch's release of tail",
                 .function = "PutBatch",
                 .op = kStore,
                 .order = seq_cst});
  EXPECT_CAUGHT(Newest, model::Bound(4),
                {.what = "GetNewest's release of head",
                 .function = "GetNewest",
                 .op = kCas,
                 .order = acq_rel});
  EXPECT_CAUGHT(NeverEmpty, model::Full(),
                {.what = "Empty's single order",
                 .function = "Empty",
                 .op = kLoad,
                 .order = seq_cst});
}

// INV-RQ2: head_ moves by compare-exchange only; runnext_ is taken by one too.
TEST(RunqModelTest, StoresForCompareExchanges) {
  EXPECT_CAUGHT(OwnerAndThief, model::Bound(4),
                {.what = "GetOldest's compare-exchange of head",
                 .function = "GetOldest",
                 .op = kCas,
                 .order = release,
                 .kind = kBlindly});
  EXPECT_CAUGHT(OwnerAndThief, model::Bound(4),
                {.what = "GetNext's compare-exchange of runnext",
                 .function = "GetNext",
                 .op = kCas,
                 .order = acq_rel,
                 .kind = kBlindly});
  EXPECT_CAUGHT(Newest, model::Bound(4),
                {.what = "GetNewest's compare-exchange of head",
                 .function = "GetNewest",
                 .op = kCas,
                 .order = acq_rel,
                 .kind = kBlindly});
  EXPECT_CAUGHT(OwnerAndThief, model::Bound(4),
                {.what = "Grab's compare-exchange of head",
                 .function = "Grab",
                 .op = kCas,
                 .order = release,
                 .kind = kBlindly});
  EXPECT_CAUGHT(OwnerAndThief, model::Bound(4),
                {.what = "Grab's compare-exchange of runnext",
                 .function = "Grab",
                 .op = kCas,
                 .order = acquire,
                 .kind = kBlindly});
}

}  // namespace
}  // namespace heddle::sched
