#include "heddle/runtime/sched/gqueue.h"

#include <cstddef>
#include <deque>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace heddle::sched {
namespace {

struct Node {
  Node* schedlink = nullptr;
};

// Takes all that is left in `queue`, first to last.
template <typename Queue>
std::deque<Node*> DrainAll(Queue* queue) {
  std::deque<Node*> out;
  while (Node* n = queue->Pop()) out.push_back(n);
  return out;
}

TEST(GQueueTest, IsFifoWithAStackEnd) {
  Node a, b, c;
  GQueue<Node> q;
  EXPECT_TRUE(q.empty());
  EXPECT_EQ(q.Pop(), nullptr);
  q.PushBack(&a);
  q.PushBack(&b);
  q.Push(&c);
  EXPECT_FALSE(q.empty());
  EXPECT_EQ(DrainAll(&q), (std::deque<Node*>{&c, &a, &b}));
  EXPECT_TRUE(q.empty());
}

TEST(GQueueTest, IsUsableAfterItRanEmpty) {
  Node a, b;
  GQueue<Node> q;
  q.Push(&a);
  EXPECT_EQ(q.Pop(), &a);
  q.PushBack(&b);  // would be lost behind a stale tail
  EXPECT_EQ(q.Pop(), &b);
  q.PushBack(&a);
  EXPECT_EQ(q.Pop(), &a);
  EXPECT_EQ(q.Pop(), nullptr);
}

TEST(GQueueTest, PopUnlinksTheNode) {
  Node a, b;
  GQueue<Node> q;
  q.PushBack(&a);
  q.PushBack(&b);
  EXPECT_EQ(a.schedlink, &b);
  q.Pop();
  EXPECT_EQ(a.schedlink, nullptr);
}

TEST(GQueueTest, PushBackCutsAStaleLink) {
  Node a, stale;
  a.schedlink = &stale;
  GQueue<Node> q;
  q.PushBack(&a);
  EXPECT_EQ(DrainAll(&q), (std::deque<Node*>{&a}));
}

TEST(GQueueTest, PushBackAllEmptiesTheOther) {
  Node a, b, c;
  GQueue<Node> q, other;
  q.PushBackAll(&other);
  EXPECT_TRUE(q.empty());
  other.PushBack(&a);
  q.PushBackAll(&other);  // into an empty one
  EXPECT_TRUE(other.empty());
  other.PushBack(&b);
  other.PushBack(&c);
  q.PushBackAll(&other);  // behind a full one
  EXPECT_TRUE(other.empty());
  EXPECT_EQ(DrainAll(&q), (std::deque<Node*>{&a, &b, &c}));
}

// Random operations on two queues, beside two std::deques.
TEST(GQueueModelTest, BehavesAsADeque) {
  std::mt19937 random(20210);
  for (int run = 0; run < 300; run++) {
    std::vector<Node> nodes(40);
    std::vector<Node*> spare;
    for (Node& n : nodes) spare.push_back(&n);
    GQueue<Node> queue[2];
    std::deque<Node*> model[2];
    const auto check_pop = [&](Node* popped, std::deque<Node*>* from) {
      ASSERT_EQ(popped, from->empty() ? nullptr : from->front());
      if (popped == nullptr) return;
      ASSERT_EQ(popped->schedlink, nullptr);
      from->pop_front();
      spare.push_back(popped);
    };
    for (int step = 0; step < 200; step++) {
      const size_t i = random() % 2;
      const unsigned op = random() % 9;
      if (op <= 3 && !spare.empty()) {
        std::swap(spare[random() % spare.size()], spare.back());
        Node* n = spare.back();
        spare.pop_back();
        if (op == 0) {
          queue[i].Push(n);
          model[i].push_front(n);
        } else {
          queue[i].PushBack(n);
          model[i].push_back(n);
        }
      } else if (op == 4 || op == 5) {
        ASSERT_NO_FATAL_FAILURE(check_pop(queue[i].Pop(), &model[i]));
      } else if (op == 7) {
        queue[i].PushBackAll(&queue[1 - i]);
        model[i].insert(model[i].end(), model[1 - i].begin(),
                        model[1 - i].end());
        model[1 - i].clear();
      } else if (op == 8 && random() % 4 == 0) {
        GQueue<Node> all = queue[i].PopAll();
        ASSERT_TRUE(queue[i].empty());
        ASSERT_EQ(DrainAll(&all), model[i]);
        spare.insert(spare.end(), model[i].begin(), model[i].end());
        model[i].clear();
      }
      for (int k : {0, 1}) ASSERT_EQ(queue[k].empty(), model[k].empty());
    }
    for (int k : {0, 1}) ASSERT_EQ(DrainAll(&queue[k]), model[k]);
  }
}

}  // namespace
}  // namespace heddle::sched
