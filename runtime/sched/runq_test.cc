// What the run queue does when nobody else is at it. Each test runs over a list
// of shapes: Go's size, the smallest sizes, and indices that are about to wrap.
// The other parts: runq_interleaving_test, runq_randomize_test, runq_race_test.

#include "heddle/runtime/sched/runq.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/base/fast_rand.h"
#include "heddle/runtime/sched/gqueue.h"

namespace heddle::sched {
namespace {

struct Node {
  Node* schedlink = nullptr;
};

// Indices that start shortly before they wrap around to 0.
struct WrappingAtomics {
  template <typename T>
  struct Atomic : std::atomic<T> {
    using std::atomic<T>::atomic;
  };
};
template <>
struct WrappingAtomics::Atomic<uint32_t> : std::atomic<uint32_t> {
  explicit Atomic(uint32_t v) : std::atomic<uint32_t>(v + UINT32_MAX - 2) {}
};
// With how often the newest was taken, which wraps around as well.
template <>
struct WrappingAtomics::Atomic<uint64_t> : std::atomic<uint64_t> {
  explicit Atomic(uint64_t v)
      : std::atomic<uint64_t>(v + UINT64_MAX - (uint64_t{1} << 32) - 2) {}
};

template <uint32_t kSizeParam, typename AtomicsParam>
struct Shape {
  static constexpr uint32_t kSize = kSizeParam;
  using Queue = Runq<Node, kSizeParam, AtomicsParam>;
};

using Nodes = std::vector<Node*>;

Nodes operator+(Nodes a, const Nodes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

template <typename ShapeParam>
class RunqTest : public testing::Test {
 protected:
  static constexpr uint32_t kSize = ShapeParam::kSize;
  using Queue = typename ShapeParam::Queue;

  // Nodes [first, last) of this test's.
  Nodes Range(uint32_t first, uint32_t last) {
    Nodes out;
    for (uint32_t i = first; i < last; i++) out.push_back(&nodes_[i]);
    return out;
  }
  Node* node(uint32_t i) { return &nodes_[i]; }

  // Puts `gp`, and returns what overflowed.
  Nodes Put(Node* gp, bool next = false) {
    Nodes out;
    q_.Put(gp, next, nullptr, [&out](Node* const* batch, uint32_t n) {
      out.insert(out.end(), batch, batch + n);
    });
    return out;
  }
  void PutAll(const Nodes& nodes) {
    for (Node* gp : nodes) ASSERT_TRUE(Put(gp).empty());
  }
  static Nodes TakeAll(Queue* q) {
    GQueue<Node> all;
    const uint32_t n = q->Drain(&all);
    Nodes out;
    while (Node* gp = all.Pop()) out.push_back(gp);
    EXPECT_EQ(out.size(), n);
    EXPECT_TRUE(q->Empty());
    return out;
  }
  Nodes TakeAll() { return TakeAll(&q_); }

  // Steals from q_ to thief_, without runnext.
  Node* Steal() {
    return thief_.StealFrom(&q_, false, [] { ADD_FAILURE() << "backs off"; });
  }

  Node nodes_[3 * kSize + 2];
  Queue q_;
  Queue thief_;
};

using Shapes =
    testing::Types<Shape<256, StdAtomics>, Shape<256, WrappingAtomics>,
                   Shape<4, StdAtomics>, Shape<4, WrappingAtomics>,
                   Shape<2, StdAtomics>, Shape<2, WrappingAtomics>>;
struct ShapeNames {
  template <typename S>
  static std::string GetName(int) {
    constexpr bool kStd =
        std::is_same_v<typename S::Queue, Runq<Node, S::kSize, StdAtomics>>;
    return (kStd ? "Size" : "WrappingSize") + std::to_string(S::kSize);
  }
};
TYPED_TEST_SUITE(RunqTest, Shapes, ShapeNames);

TEST(RunqSizeTest, IsGos) {
  EXPECT_EQ(kRunqSize, 256u);
  EXPECT_EQ((Runq<Node>::kBatch), 129u);
}

TYPED_TEST(RunqTest, StartsEmpty) {
  EXPECT_TRUE(this->q_.Empty());
  EXPECT_EQ(this->q_.size(), 0u);
  EXPECT_EQ(this->q_.Get().gp, nullptr);
  EXPECT_EQ(this->Steal(), nullptr);
  EXPECT_TRUE(this->TakeAll().empty());
}

// Go's TestSchedLocalQueue.
TYPED_TEST(RunqTest, LocalQueueIsFifoForEveryLength) {
  for (uint32_t n = 0; n <= this->kSize; n++) {
    ASSERT_TRUE(this->q_.Empty());
    for (uint32_t i = 0; i < n; i++) {
      ASSERT_TRUE(this->Put(this->node(i)).empty());
      ASSERT_FALSE(this->q_.Empty());
      ASSERT_EQ(this->q_.size(), i + 1);
    }
    for (uint32_t i = 0; i < n; i++) {
      ASSERT_FALSE(this->q_.Empty());
      const RunqGetResult<Node> got = this->q_.Get();
      ASSERT_EQ(got.gp, this->node(i));
      ASSERT_FALSE(got.inherit_time);
    }
    ASSERT_EQ(this->q_.Get().gp, nullptr);
  }
}

TYPED_TEST(RunqTest, RunnextIsTakenFirstAndInheritsTheTimeSlice) {
  this->Put(this->node(0));
  this->Put(this->node(1), /*next=*/true);
  RunqGetResult<Node> got = this->q_.Get();
  EXPECT_EQ(got.gp, this->node(1));
  EXPECT_TRUE(got.inherit_time);
  got = this->q_.Get();
  EXPECT_EQ(got.gp, this->node(0));
  EXPECT_FALSE(got.inherit_time);
  EXPECT_EQ(this->q_.Get().gp, nullptr);
}

// Issue 2: runnext kicked out.
TYPED_TEST(RunqTest, RunnextKickedOutGoesToTheTail) {
  this->Put(this->node(0));
  EXPECT_TRUE(this->Put(this->node(1), true).empty());
  EXPECT_EQ(this->q_.size(), 1u);
  EXPECT_TRUE(this->Put(this->node(2), true).empty());
  EXPECT_EQ(this->q_.size(), 2u);
  EXPECT_EQ(this->TakeAll(),
            (Nodes{this->node(2), this->node(0), this->node(1)}));
}

TYPED_TEST(RunqTest, SizeLeavesRunnextOutAndEmptyDoesNot) {
  this->Put(this->node(0), true);
  EXPECT_EQ(this->q_.size(), 0u);
  EXPECT_FALSE(this->q_.Empty());
  this->q_.Get();
  EXPECT_TRUE(this->q_.Empty());
}

// Issue 2: local queue full. With Go's size: 128 and the new one make 129.
TYPED_TEST(RunqTest, LocalQueueFullGivesHalfAndTheNewOneAway) {
  constexpr uint32_t kSize = TypeParam::kSize;
  this->PutAll(this->Range(0, kSize));
  const Nodes out = this->Put(this->node(kSize));
  EXPECT_EQ(out.size(), kSize / 2 + 1);
  EXPECT_EQ(out, this->Range(0, kSize / 2) + Nodes{this->node(kSize)});
  EXPECT_EQ(this->q_.size(), kSize / 2);
  // There is room again for as many.
  this->PutAll(this->Range(kSize + 1, kSize + 1 + kSize / 2));
  EXPECT_EQ(this->TakeAll(), this->Range(kSize / 2, kSize) +
                                 this->Range(kSize + 1, kSize + 1 + kSize / 2));
}

TYPED_TEST(RunqTest, RunnextKickedOutOfAFullQueueOverflows) {
  constexpr uint32_t kSize = TypeParam::kSize;
  Node* const kicked = this->node(kSize);
  Node* const next = this->node(kSize + 1);
  this->PutAll(this->Range(0, kSize));
  EXPECT_TRUE(this->Put(kicked, true).empty());  // runnext takes no slot
  EXPECT_EQ(this->Put(next, true), this->Range(0, kSize / 2) + Nodes{kicked});
  EXPECT_EQ(this->TakeAll(), Nodes{next} + this->Range(kSize / 2, kSize));
}

TYPED_TEST(RunqTest, PutBatchTakesWhatFitsAndLeavesTheRestInOrder) {
  constexpr uint32_t kSize = TypeParam::kSize;
  this->Put(this->node(0));
  GQueue<Node> batch;
  EXPECT_EQ(this->q_.PutBatch(&batch), 0u);
  for (Node* gp : this->Range(1, kSize + 3)) batch.PushBack(gp);
  EXPECT_EQ(this->q_.PutBatch(&batch), kSize - 1);
  EXPECT_EQ(this->q_.PutBatch(&batch), 0u);  // full
  EXPECT_EQ(batch.Pop(), this->node(kSize));
  EXPECT_EQ(batch.Pop(), this->node(kSize + 1));
  EXPECT_EQ(batch.Pop(), this->node(kSize + 2));
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(this->TakeAll(), this->Range(0, kSize));
}

TYPED_TEST(RunqTest, PutBatchTakesNoMoreThanItIsTold) {
  GQueue<Node> batch;
  for (Node* gp : this->Range(0, this->kSize)) batch.PushBack(gp);
  EXPECT_EQ(this->q_.PutBatch(&batch, 1), 1u);
  EXPECT_EQ(this->q_.PutBatch(&batch, 0), 0u);
  EXPECT_EQ(batch.front(), this->node(1));
  EXPECT_EQ(this->TakeAll(), this->Range(0, 1));
}

TYPED_TEST(RunqTest, PutBatchTakesAllThatFitsExactly) {
  GQueue<Node> batch;
  for (Node* gp : this->Range(0, this->kSize)) batch.PushBack(gp);
  EXPECT_EQ(this->q_.PutBatch(&batch), TypeParam::kSize);
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(this->TakeAll(), this->Range(0, this->kSize));
}

TYPED_TEST(RunqTest, DrainTakesRunnextFirst) {
  const Nodes ring = this->Range(0, this->kSize);
  Node* const next = this->node(TypeParam::kSize);
  this->PutAll(ring);
  this->Put(next, true);
  GQueue<Node> out;
  out.PushBack(this->node(TypeParam::kSize + 1));  // it adds, behind
  EXPECT_EQ(this->q_.Drain(&out), TypeParam::kSize + 1);
  EXPECT_EQ(out.Pop(), this->node(TypeParam::kSize + 1));
  EXPECT_EQ(out.Pop(), next);
  for (Node* gp : ring) EXPECT_EQ(out.Pop(), gp);
  EXPECT_TRUE(out.empty());
}

// Go's TestSchedLocalQueueSteal; 1.21 takes the half that is rounded up.
TYPED_TEST(RunqTest, StealTakesTheOlderHalfRoundedUpAndRunsItsYoungest) {
  for (uint32_t n = 0; n <= this->kSize; n++) {
    this->PutAll(this->Range(0, n));
    const uint32_t half = (n + 1) / 2;
    Node* const got = this->Steal();
    ASSERT_EQ(got, n == 0 ? nullptr : this->node(half - 1)) << n;
    ASSERT_EQ(this->TakeAll(&this->thief_),
              n == 0 ? Nodes() : this->Range(0, half - 1));
    ASSERT_EQ(this->TakeAll(), this->Range(half, n)) << n;
  }
}

TYPED_TEST(RunqTest, StolenOnesComeBehindTheThiefsOwn) {
  if (TypeParam::kSize < 4) GTEST_SKIP() << "no room for both";
  this->PutAll(this->Range(0, 4));
  Node* const own = this->node(4);
  this->thief_.Put(own, false, nullptr, [](Node* const*, uint32_t) {});
  EXPECT_EQ(this->Steal(), this->node(1));
  EXPECT_EQ(this->TakeAll(&this->thief_), (Nodes{own, this->node(0)}));
}

TYPED_TEST(RunqTest, RunnextIsStolenOnlyOnRequestAndAfterTheBackOff) {
  this->Put(this->node(0), true);
  EXPECT_EQ(this->Steal(), nullptr);
  int back_offs = 0;
  const auto back_off = [&] {
    EXPECT_FALSE(this->q_.Empty()) << "taken before the back-off";
    back_offs++;
  };
  EXPECT_EQ(this->thief_.StealFrom(&this->q_, true, [] { return false; }),
            nullptr);
  EXPECT_FALSE(this->q_.Empty());
  EXPECT_EQ(this->thief_.StealFrom(&this->q_, true, back_off), this->node(0));
  EXPECT_EQ(back_offs, 1);
  EXPECT_TRUE(this->q_.Empty());
  EXPECT_TRUE(this->thief_.Empty());
  // Nothing to wait for: no back-off.
  EXPECT_EQ(this->thief_.StealFrom(&this->q_, true, back_off), nullptr);
  EXPECT_EQ(back_offs, 1);
}

TYPED_TEST(RunqTest, RunnextStaysWhileTheRingHasSome) {
  this->Put(this->node(0));
  this->Put(this->node(1), true);
  EXPECT_EQ(this->thief_.StealFrom(&this->q_, true,
                                   [] { ADD_FAILURE() << "backs off"; }),
            this->node(0));
  EXPECT_EQ(this->TakeAll(), Nodes{this->node(1)});
}

TYPED_TEST(RunqTest, AThiefWithoutRoomThrows) {
  constexpr uint32_t kSize = TypeParam::kSize;
  if (kSize < 4) GTEST_SKIP() << "half of two leaves nothing to publish";
  this->PutAll(this->Range(0, kSize));
  for (Node* gp : this->Range(kSize, 2 * kSize - 1)) {
    this->thief_.Put(gp, false, nullptr, [](Node* const*, uint32_t) {});
  }
  EXPECT_DEATH(this->Steal(), "fatal error: runqsteal: runq overflow");
}

// The slots are used again and again, with the indices running on.
TYPED_TEST(RunqTest, GoesRoundTheRing) {
  for (uint32_t i = 0; i < 5 * this->kSize + 3; i++) {
    const Nodes few = this->Range(i % 2, i % 2 + 2);
    this->PutAll(few);
    ASSERT_EQ(this->q_.size(), 2u);
    ASSERT_EQ(this->TakeAll(), few);
  }
}

// ---- GetNewest ----

TYPED_TEST(RunqTest, TheNewestOfTheRingAndNotRunnext) {
  EXPECT_EQ(this->q_.GetNewest(), nullptr);
  Node* const next = this->node(TypeParam::kSize);
  this->Put(next, true);
  EXPECT_EQ(this->q_.GetNewest(), nullptr);
  EXPECT_EQ(this->q_.GetOldest(), nullptr);
  for (const bool alone : {false, true}) {
    this->q_.set_alone(alone);
    this->PutAll(this->Range(0, TypeParam::kSize));
    for (uint32_t i = TypeParam::kSize; i-- > 0;) {
      EXPECT_EQ(this->q_.GetNewest(), this->node(i));
      EXPECT_EQ(this->q_.size(), i);
    }
    EXPECT_EQ(this->q_.GetNewest(), nullptr);
    EXPECT_FALSE(this->q_.Empty());
  }
  EXPECT_EQ(this->TakeAll(), Nodes{next});
}

TYPED_TEST(RunqTest, FromBothEnds) {
  for (const bool alone : {false, true}) {
    this->q_.set_alone(alone);
    for (int round = 0; round < 3; round++) {
      Node* const a = this->node(0);
      Node* const b = this->node(1);
      Node* const c = this->node(2);
      this->PutAll({a, b});
      EXPECT_EQ(this->q_.GetNewest(), b);
      this->Put(c);
      EXPECT_EQ(this->q_.GetOldest(), a);
      EXPECT_EQ(this->q_.GetNewest(), c);
      EXPECT_TRUE(this->q_.Empty());
    }
  }
}

// ---- set_alone ----

// Without locked instructions it does the same, also while it changes to and
// fro: beside one that is never alone, step by step.
TYPED_TEST(RunqTest, AloneItDoesTheSame) {
  using Queue = typename TypeParam::Queue;
  constexpr uint32_t kNodes = 3 * TypeParam::kSize;
  std::vector<Node> mine(kNodes);
  std::vector<Node> others(kNodes);
  std::vector<uint32_t> free;
  for (uint32_t i = 0; i < kNodes; i++) free.push_back(i);
  Queue alone;
  Queue other;
  base::FastRand random(1);
  const auto put = [&](Queue* q, Node* gp, bool next, std::vector<Node>* all) {
    std::vector<uint32_t> over;
    q->Put(gp, next, nullptr, [&](Node* const* batch, uint32_t n) {
      for (uint32_t i = 0; i < n; i++) {
        over.push_back(static_cast<uint32_t>(batch[i] - all->data()));
      }
    });
    return over;
  };
  for (int step = 0; step < 20'000; step++) {
    if (step % 100 == 0) alone.set_alone(random.Below(4) != 0);
    // In turns more are put, and more are taken.
    const bool puts = random.Below(4) < (step / 1000 % 2 == 0 ? 3u : 1u);
    if (puts && !free.empty()) {
      const uint32_t i = free.back();
      free.pop_back();
      const bool next = random.Below(2) == 0;
      const auto over = put(&alone, &mine[i], next, &mine);
      ASSERT_EQ(over, put(&other, &others[i], next, &others));
      free.insert(free.end(), over.begin(), over.end());
    } else {
      const bool newest = random.Below(4) == 0;
      using Got = RunqGetResult<Node>;
      const Got got = newest ? Got{alone.GetNewest(), false} : alone.Get();
      const Got want = newest ? Got{other.GetNewest(), false} : other.Get();
      ASSERT_EQ(got.gp == nullptr, want.gp == nullptr);
      ASSERT_EQ(got.inherit_time, want.inherit_time);
      if (got.gp == nullptr) continue;
      const auto i = static_cast<uint32_t>(got.gp - mine.data());
      ASSERT_EQ(i, want.gp - others.data());
      free.push_back(i);
    }
    ASSERT_EQ(alone.size(), other.size());
    ASSERT_EQ(alone.Empty(), other.Empty());
  }
}

TYPED_TEST(RunqTest, NobodyStealsFromOneThatIsAlone) {
  this->Put(this->node(0));
  this->q_.set_alone(true);
  EXPECT_DEATH(this->Steal(), "runqgrab: the victim is alone");
  this->q_.set_alone(false);
  EXPECT_EQ(this->Steal(), this->node(0));
}

}  // namespace
}  // namespace heddle::sched
