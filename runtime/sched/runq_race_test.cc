// The run queue under real threads. The fields of the nodes are plain, so that
// ThreadSanitizer reports a hand-over that is not ordered; what is checked here
// is that no node is lost or taken twice. A failure here names no cause: look
// for it with runq_interleaving_test.

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/sched/gqueue.h"
#include "heddle/runtime/sched/runq.h"

namespace heddle::sched {
namespace {

struct Node {
  Node* schedlink = nullptr;
  int taken = 0;  // by whoever took it off the queue: not atomic on purpose
};

// How the owner goes about it.
enum class Owner {
  kPutsMore,    // than it gets: the ring fills up and overflows
  kGetsAtOnce,  // what it put as runnext: thieves get that or nothing
};

// One owner that puts, gets and overflows; two thieves that steal from it and
// from each other.
template <uint32_t kSize>
class Race {
 public:
  void Run(int num_nodes, Owner owner) {
    const bool at_once = owner == Owner::kGetsAtOnce;
    std::vector<Node> nodes(num_nodes);
    std::thread thieves[] = {std::thread([this] { Steal(0); }),
                             std::thread([this] { Steal(1); })};
    for (int i = 0; i < num_nodes; i++) {
      q_.Put(&nodes[i], at_once || i % 3 == 0, nullptr,
             [](Node* const* batch, uint32_t n) {
               for (uint32_t k = 0; k < n; k++) Take(batch[k]);
             });
      if (!at_once && i % 8 == 0) std::this_thread::yield();
      if (at_once || i % 4 == 0) TakeIfAny(q_.Get().gp);
    }
    GQueue<Node> rest;
    q_.Drain(&rest);
    while (Node* gp = rest.Pop()) Take(gp);
    EXPECT_TRUE(q_.Empty());
    done_.store(true, std::memory_order_release);  // pairs with Steal's acquire
    for (std::thread& t : thieves) t.join();
    int wrong = 0;
    for (const Node& n : nodes) wrong += n.taken != 1;
    EXPECT_EQ(wrong, 0) << "of " << num_nodes;
    RecordStolen(num_nodes);
  }

 private:
  static void Take(Node* gp) { gp->taken++; }
  static void TakeIfAny(Node* gp) {
    if (gp != nullptr) Take(gp);
  }

  void Steal(int self) {
    int stolen = 0;
    for (uint32_t turn = 0; !done_.load(std::memory_order_acquire); turn++) {
      // Its own ring is empty: it has taken all that it stole.
      Runq<Node, kSize>* const victim = turn % 4 == 3 ? &thief_[1 - self] : &q_;
      Node* const gp = thief_[self].StealFrom(victim, turn % 2 == 0, [] {});
      if (gp == nullptr) {
        if (turn % 8 == 0) std::this_thread::yield();
        continue;
      }
      Take(gp);
      stolen++;
      while (Node* own = thief_[self].Get().gp) {
        Take(own);
        stolen++;
      }
    }
    stolen_.fetch_add(stolen, std::memory_order_relaxed);
  }

  // For whoever wonders how much of a race it was.
  void RecordStolen(int num_nodes) {
    const int stolen = stolen_.load(std::memory_order_relaxed);
    testing::Test::RecordProperty("stolen", stolen);
    EXPECT_LE(stolen, num_nodes);
  }

  Runq<Node, kSize> q_;
  Runq<Node, kSize> thief_[2];
  std::atomic<bool> done_{false};
  std::atomic<int> stolen_{0};
};

TEST(RunqRaceTest, EveryNodeIsTakenOnceSize2) {
  Race<2>().Run(50'000, Owner::kPutsMore);
}
TEST(RunqRaceTest, EveryNodeIsTakenOnceSize4) {
  Race<4>().Run(100'000, Owner::kPutsMore);
}
TEST(RunqRaceTest, EveryNodeIsTakenOnceSize256) {
  Race<256>().Run(200'000, Owner::kPutsMore);
}
TEST(RunqRaceTest, OwnerAndThievesRaceForRunnext) {
  Race<4>().Run(300'000, Owner::kGetsAtOnce);
}

// Go's TestSchedLocalQueueEmpty: in an odd phase there is always a node in the
// queue, which moves from runnext to the tail and back; who looks never finds
// the queue empty.
TEST(RunqRaceTest, EmptyIsNeverSpurious) {
  constexpr uint64_t kRounds = 100'000;
  Runq<Node> q;
  Node first, second;
  std::atomic<uint64_t> phase{0};
  std::atomic<bool> done{false};
  uint64_t looks = 0, spurious = 0;
  std::thread observer([&] {
    while (!done.load(std::memory_order_acquire)) {
      const uint64_t before = phase.load(std::memory_order_seq_cst);
      if (before % 2 == 0) continue;
      const bool empty = q.Empty();
      if (phase.load(std::memory_order_seq_cst) != before) continue;
      looks++;
      if (empty) spurious++;
    }
  });
  const auto no_overflow = [](Node* const*, uint32_t) { FAIL(); };
  for (uint64_t i = 0; i < kRounds; i++) {
    // All four combinations; several exchanges a phase, for a longer one.
    q.Put(&first, i % 2 == 0, nullptr, no_overflow);
    phase.fetch_add(1, std::memory_order_seq_cst);
    Node* spare = &second;
    for (int k = 0; k < 8; k++) {
      q.Put(spare, i / 2 % 2 == 0, nullptr, no_overflow);
      spare = q.Get().gp;
      if (spare == nullptr) std::abort();  // not ASSERT: the other thread runs
    }
    phase.fetch_add(1, std::memory_order_seq_cst);
    EXPECT_NE(q.Get().gp, nullptr);
    EXPECT_EQ(q.Get().gp, nullptr);
  }
  done.store(true, std::memory_order_release);
  observer.join();
  EXPECT_EQ(spurious, 0u) << "of " << looks;
  RecordProperty("looks", static_cast<int>(looks));
}

}  // namespace
}  // namespace heddle::sched
