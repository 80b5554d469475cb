// What the run queue does when somebody else comes in at the worst moment. The
// atomics of these queues call the test back between two chosen operations, so
// that each of these meetings happens every time, on one thread.

#include <atomic>
#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/sched/gqueue.h"
#include "heddle/runtime/sched/runq.h"

namespace heddle::sched {
namespace {

struct Node {
  Node* schedlink = nullptr;
};
using Nodes = std::vector<Node*>;

// An operation on an index (head or tail), or on a pointer (runnext or a slot).
enum class Op { kIndexLoad, kIndexCas, kPointerLoad, kPointerCas };

// Calls `action` once, just before the `count`-th `op` from now on. The
// action's own operations do not count.
class Interrupt {
 public:
  Interrupt(Op op, int count, std::function<void()> action)
      : op_(op), count_(count), action_(std::move(action)) {
    current_ = this;
  }
  ~Interrupt() {
    current_ = nullptr;
    EXPECT_EQ(count_, 0) << "the moment never came";
  }
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  static void Before(Op op) {
    Interrupt* const self = current_;
    if (self == nullptr || self->op_ != op || --self->count_ > 0) return;
    current_ = nullptr;
    self->action_();
  }

 private:
  static inline Interrupt* current_ = nullptr;
  const Op op_;
  int count_;
  const std::function<void()> action_;
};

struct InterruptedAtomics {
  template <typename T>
  class Atomic {
   public:
    Atomic() = default;
    explicit Atomic(T v) : value_(v) {}
    T load(std::memory_order order) const {
      Interrupt::Before(kLoad);
      return value_.load(order);
    }
    void store(T v, std::memory_order order) { value_.store(v, order); }
    T exchange(T v, std::memory_order order) {
      return value_.exchange(v, order);
    }
    bool compare_exchange_strong(T& expected, T desired,
                                 std::memory_order success,
                                 std::memory_order failure) {
      Interrupt::Before(kCas);
      return value_.compare_exchange_strong(expected, desired, success,
                                            failure);
    }

   private:
    static constexpr bool kIsIndex = std::is_integral_v<T>;
    static constexpr Op kLoad = kIsIndex ? Op::kIndexLoad : Op::kPointerLoad;
    static constexpr Op kCas = kIsIndex ? Op::kIndexCas : Op::kPointerCas;
    std::atomic<T> value_{};
  };
};

class RunqInterleavingTest : public testing::Test {
 protected:
  using Queue = Runq<Node, 4, InterruptedAtomics>;

  static Nodes Put(Queue* q, Node* gp, bool next = false) {
    Nodes out;
    q->Put(gp, next, nullptr, [&out](Node* const* batch, uint32_t n) {
      out.insert(out.end(), batch, batch + n);
    });
    return out;
  }
  void Fill(int first, int last) {
    for (int i = first; i < last; i++) {
      ASSERT_TRUE(Put(&q_, &n_[i]).empty());
    }
  }
  static Nodes TakeAll(Queue* q) {
    GQueue<Node> all;
    q->Drain(&all);
    Nodes out;
    while (Node* gp = all.Pop()) out.push_back(gp);
    return out;
  }
  Node* Steal(Queue* thief) {
    return thief->StealFrom(&q_, true, [] {});
  }

  Node n_[16];
  Queue q_;
  Queue thief_;
  Queue other_thief_;
};

// Issue 2: the queue is made non-full by a thief while the owner collects what
// it wants to give away. The owner starts again and finds room.
TEST_F(RunqInterleavingTest, QueueMadeNonFullByAThiefInBetween) {
  Fill(0, 4);
  {
    Interrupt thief(Op::kIndexCas, 1,
                    [&] { EXPECT_EQ(Steal(&thief_), &n_[1]); });
    EXPECT_TRUE(Put(&q_, &n_[4]).empty()) << "overflows, but there was room";
  }
  EXPECT_EQ(TakeAll(&thief_), (Nodes{&n_[0]}));
  EXPECT_EQ(TakeAll(&q_), (Nodes{&n_[2], &n_[3], &n_[4]}));
}

TEST_F(RunqInterleavingTest, RunnextKickedOutOfAQueueThatAThiefEmpties) {
  Fill(0, 4);
  Put(&q_, &n_[4], true);
  {
    Interrupt thief(Op::kIndexCas, 1, [&] {
      while (Steal(&thief_) != nullptr) TakeAll(&thief_);
    });
    EXPECT_TRUE(Put(&q_, &n_[5], true).empty());
  }
  // The thief got as far as the new runnext; the old one was in our hands.
  EXPECT_EQ(TakeAll(&q_), (Nodes{&n_[4]}));
}

TEST_F(RunqInterleavingTest, GetTakesTheNextIfAThiefWasQuicker) {
  Fill(0, 3);
  Interrupt thief(Op::kIndexCas, 1, [&] { EXPECT_EQ(Steal(&thief_), &n_[1]); });
  EXPECT_EQ(q_.Get().gp, &n_[2]);
}

TEST_F(RunqInterleavingTest, GetFindsNothingIfAThiefTookTheLast) {
  Fill(0, 1);
  Interrupt thief(Op::kIndexCas, 1, [&] { EXPECT_EQ(Steal(&thief_), &n_[0]); });
  EXPECT_EQ(q_.Get().gp, nullptr);
}

TEST_F(RunqInterleavingTest, GetNewestFindsNothingIfAThiefTookTheLast) {
  Fill(0, 1);
  {
    Interrupt thief(Op::kIndexCas, 1,
                    [&] { EXPECT_EQ(Steal(&thief_), nullptr); });
    EXPECT_EQ(q_.GetNewest(), &n_[0]) << "the tail had been moved before";
  }
  Fill(0, 1);
  {
    // After the thief's looks at both.
    Interrupt owner(Op::kIndexCas, 1,
                    [&] { EXPECT_EQ(q_.GetNewest(), &n_[0]); });
    EXPECT_EQ(Steal(&thief_), nullptr) << "it was taken twice";
  }
  EXPECT_TRUE(q_.Empty());
}

// What the thief has seen is larger than what is left, and would be taken twice
// if only the index of the head told whether it has changed.
TEST_F(RunqInterleavingTest, AThiefSeesThatTheNewestWereTaken) {
  Fill(0, 4);
  {
    Interrupt owner(Op::kIndexCas, 1, [&] {
      for (int i = 3; i > 0; i--) EXPECT_EQ(q_.GetNewest(), &n_[i]);
    });
    EXPECT_EQ(Steal(&thief_), &n_[0]);
  }
  EXPECT_TRUE(thief_.Empty());
  EXPECT_TRUE(q_.Empty());
}

TEST_F(RunqInterleavingTest, GetNewestGoesOnIfAThiefTookOthers) {
  Fill(0, 3);
  {
    Interrupt thief(Op::kIndexCas, 1,
                    [&] { EXPECT_EQ(Steal(&thief_), &n_[0]); });
    EXPECT_EQ(q_.GetNewest(), &n_[2]);
  }
  EXPECT_EQ(TakeAll(&q_), (Nodes{&n_[1]}));
}

TEST_F(RunqInterleavingTest, GetGoesOnIfAThiefTookRunnext) {
  Put(&q_, &n_[0], true);
  Interrupt thief(Op::kPointerCas, 1,
                  [&] { EXPECT_EQ(Steal(&thief_), &n_[0]); });
  const RunqGetResult<Node> got = q_.Get();
  EXPECT_EQ(got.gp, nullptr);
  EXPECT_FALSE(got.inherit_time);
}

TEST_F(RunqInterleavingTest, DrainMissesOnlyWhatAThiefTook) {
  Fill(0, 4);
  {
    Interrupt thief(Op::kIndexCas, 2,
                    [&] { EXPECT_EQ(Steal(&thief_), &n_[2]); });
    EXPECT_EQ(TakeAll(&q_), (Nodes{&n_[0], &n_[3]}));
  }
  EXPECT_EQ(TakeAll(&thief_), (Nodes{&n_[1]}));
}

TEST_F(RunqInterleavingTest, TwoThievesShareNothing) {
  Fill(0, 4);
  {
    Interrupt other(Op::kIndexCas, 1,
                    [&] { EXPECT_EQ(Steal(&other_thief_), &n_[1]); });
    EXPECT_EQ(Steal(&thief_), &n_[2]);  // half of the two that are left
  }
  EXPECT_EQ(TakeAll(&other_thief_), (Nodes{&n_[0]}));
  EXPECT_EQ(TakeAll(&thief_), (Nodes{}));
  EXPECT_EQ(TakeAll(&q_), (Nodes{&n_[3]}));
}

// INV-RQ4: between a thief's reads of head and tail the owner goes on by half a
// ring, so that the two are further apart than the ring is large. Taking half
// of that would write over what the thief has of its own.
TEST_F(RunqInterleavingTest, ATornPairOfIndicesIsReadAgain) {
  Fill(0, 4);
  Put(&thief_, &n_[10]);
  Put(&thief_, &n_[11]);
  {
    // The thief's own tail is the first index that it reads.
    Interrupt owner(Op::kIndexLoad, 3, [&] {
      EXPECT_EQ(q_.Get().gp, &n_[0]);
      EXPECT_EQ(q_.Get().gp, &n_[1]);
      Fill(4, 6);
    });
    EXPECT_EQ(Steal(&thief_), &n_[3]);
  }
  EXPECT_EQ(TakeAll(&thief_), (Nodes{&n_[10], &n_[11], &n_[2]}));
  EXPECT_EQ(TakeAll(&q_), (Nodes{&n_[4], &n_[5]}));
}

TEST_F(RunqInterleavingTest, OwnerStartsRunnextDuringTheBackOff) {
  Put(&q_, &n_[0], true);
  EXPECT_EQ(
      thief_.StealFrom(&q_, true, [&] { EXPECT_EQ(q_.Get().gp, &n_[0]); }),
      nullptr);
  EXPECT_TRUE(thief_.Empty());
}

TEST_F(RunqInterleavingTest, OwnerReplacesRunnextDuringTheBackOff) {
  Put(&q_, &n_[0], true);
  int back_offs = 0;
  Node* const got = thief_.StealFrom(&q_, true, [&] {
    if (++back_offs > 1) return;
    EXPECT_EQ(q_.Get().gp, &n_[0]);
    Put(&q_, &n_[1], true);
  });
  EXPECT_EQ(got, &n_[1]);
  EXPECT_EQ(back_offs, 2) << "the new one is backed off from as well";
}

TEST_F(RunqInterleavingTest, OwnerKicksRunnextOutDuringTheBackOff) {
  Put(&q_, &n_[0], true);
  EXPECT_EQ(thief_.StealFrom(&q_, true, [&] { Put(&q_, &n_[1], true); }),
            &n_[0]);
  EXPECT_EQ(TakeAll(&q_), (Nodes{&n_[1]}));
}

// Go's TestSchedLocalQueueEmpty, at the moment that it hopes for: the ring
// was seen empty, runnext goes to the tail and its successor runs.
TEST_F(RunqInterleavingTest, EmptyIsNotFooledByARunnextThatIsKickedOut) {
  Put(&q_, &n_[0], true);
  {
    Interrupt owner(Op::kPointerLoad, 1, [&] {
      Put(&q_, &n_[1], true);
      EXPECT_EQ(q_.Get().gp, &n_[1]);
    });
    EXPECT_FALSE(q_.Empty());
  }
  EXPECT_EQ(TakeAll(&q_), (Nodes{&n_[0]}));
}

// The reading of size() is a guess, but never beyond the ring.
TEST_F(RunqInterleavingTest, SizeOfATornPairIsAtMostTheRing) {
  Fill(0, 4);
  Interrupt owner(Op::kIndexLoad, 2, [&] {
    q_.Get();
    Fill(4, 5);
  });
  EXPECT_EQ(q_.size(), 4u);
}

}  // namespace
}  // namespace heddle::sched
