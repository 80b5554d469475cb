// The C++ counterparts of Go's chan_test.go and test/chan/*.go, for what does
// not need select; each in all shapes.

#include "heddle/runtime/chan/chan.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/chan/shapes_for_test.h"

namespace heddle {
namespace {

class ChanTest : public ShapeTest {};
HEDDLE_ALL_SHAPES(ChanTest);

// TestChan, its parts.

TEST_P(ChanTest, ReceiversAndSendersBlock) {
  heddle::Run(GetParam().options, [] {
    for (size_t capacity : {0, 1, 2, 7, 100}) {
      const Chan<int> c(capacity);
      std::atomic<bool> received{false};
      WaitGroup wg;
      wg.Go([&] {
        EXPECT_EQ(c.Recv(), 0);
        received = true;
      });
      wg.Go([&] { EXPECT_EQ(c.Recv(), 0); });
      LetOthersRun();
      EXPECT_FALSE(received);
      c.Send(0);
      c.Send(0);
      wg.Wait();

      for (size_t i = 0; i < capacity; i++) c.Send(0);
      std::atomic<int> sent{0};
      wg.Go([&] {
        c.Send(0);
        sent++;
      });
      LetOthersRun();
      EXPECT_EQ(sent, 0);
      EXPECT_EQ(c.len(), capacity);
      EXPECT_EQ(c.Recv(), 0);
      wg.Wait();
      EXPECT_EQ(sent, 1);
    }
  });
}

TEST_P(ChanTest, TriesDoNotBlock) {
  heddle::Run(GetParam().options, [] {
    for (size_t capacity : {0, 1, 5}) {
      const Chan<int> c(capacity);
      EXPECT_FALSE(c.TryRecv().has_value());
      for (size_t i = 0; i < capacity; i++) {
        EXPECT_TRUE(c.TrySend(static_cast<int>(i)));
      }
      EXPECT_FALSE(c.TrySend(9));
      for (size_t i = 0; i < capacity; i++) {
        EXPECT_EQ(c.TryRecv(), static_cast<int>(i));
      }
      EXPECT_FALSE(c.TryRecv().has_value());
    }
  });
}

TEST_P(ChanTest, ClosedOnesAreDrained) {
  heddle::Run(GetParam().options, [] {
    for (int capacity : {0, 1, 3}) {
      const Chan<int> c(static_cast<size_t>(capacity));
      EXPECT_FALSE(c.closed());
      for (int i = 0; i < capacity; i++) c.Send(i + 1);
      c.Close();
      EXPECT_TRUE(c.closed());
      for (int i = 0; i < capacity; i++) {
        if (i % 2 == 0) {
          EXPECT_EQ(c.Recv(), i + 1);
        } else {
          int v = 0;
          EXPECT_TRUE(c.Recv(&v));
          EXPECT_EQ(v, i + 1);
        }
      }
      EXPECT_FALSE(c.Recv().has_value());
      EXPECT_FALSE(c.TryRecv().has_value());
      int v = 7;
      EXPECT_FALSE(c.Recv(&v));
      EXPECT_EQ(v, 0);  // as Go has it
      EXPECT_THROW(c.Send(1), ClosedChannel);
      EXPECT_THROW(c.TrySend(1), ClosedChannel);
      EXPECT_THROW(c.Close(), ClosedChannel);
    }
  });
}

TEST_P(ChanTest, CloseWakesReceivers) {
  heddle::Run(GetParam().options, [] {
    const Chan<int> c;
    WaitGroup wg;
    std::atomic<int> closed{0};
    for (int i = 0; i < 20; i++) {
      wg.Go([&] { closed += c.Recv().has_value() ? 0 : 1; });
    }
    LetOthersRun();
    c.Close();
    wg.Wait();
    EXPECT_EQ(closed, 20);
  });
}

TEST_P(ChanTest, CloseMakesSendersThrow) {
  heddle::Run(GetParam().options, [] {
    for (size_t capacity : {0, 2}) {
      const Chan<std::unique_ptr<int>> c(capacity);
      WaitGroup wg;
      std::atomic<size_t> threw{0};
      for (int i = 0; i < 20; i++) {
        wg.Go([&] {
          try {
            c.Send(std::make_unique<int>(1));
          } catch (const ClosedChannel& e) {
            EXPECT_STREQ(e.what(), "send on closed channel");
            threw++;
          }
        });
      }
      while (c.len() < capacity) Yield();
      LetOthersRun();
      c.Close();
      wg.Wait();
      EXPECT_EQ(threw, 20 - capacity);
      size_t left = 0;
      for (std::unique_ptr<int> v : c) left += static_cast<size_t>(*v);
      EXPECT_EQ(left, capacity);
    }
  });
}

TEST_P(ChanTest, FirstInFirstOut) {
  heddle::Run(GetParam().options, [n = GetParam().Times(1000)] {
    for (size_t capacity : {0, 1, 10}) {
      const Chan<int> c(capacity);
      Go([c, n] {
        for (int i = 0; i < n; i++) c.Send(i);
        c.Close();
      });
      int next = 0;
      for (int v : c) ASSERT_EQ(v, next++);
      EXPECT_EQ(next, n);
    }
  });
}

// Four senders, four receivers: each value arrives once, those of one sender in
// their order.
TEST_P(ChanTest, ManyToManyConserves) {
  heddle::Run(GetParam().options, [n = GetParam().Times(1000)] {
    for (size_t capacity : {0, 1, 13}) {
      constexpr int kPairs = 4;
      const Chan<int> c(capacity);
      std::vector<int> seen(static_cast<size_t>(kPairs * n), 0);
      Mutex mu;
      WaitGroup senders;
      WaitGroup receivers;
      for (int p = 0; p < kPairs; p++) {
        senders.Go([&, p] {
          for (int i = 0; i < n; i++) c.Send(p * n + i);
        });
        receivers.Go([&] {
          std::vector<int> last(kPairs, -1);
          for (int v : c) {
            ASSERT_GT(v % n, last[static_cast<size_t>(v / n)]);
            last[static_cast<size_t>(v / n)] = v % n;
            const std::lock_guard<Mutex> guard(mu);
            seen[static_cast<size_t>(v)]++;
          }
        });
      }
      senders.Wait();
      c.Close();
      receivers.Wait();
      for (int times : seen) ASSERT_EQ(times, 1);
    }
  });
}

// TestNonblockRecvRace: of two receivers on a channel that is sent to and
// closed, a try gets the value or finds it closed.
TEST_P(ChanTest, ATryAfterCloseSeesItsValue) {
  heddle::Run(GetParam().options, [n = GetParam().Times(2000)] {
    for (int i = 0; i < n; i++) {
      const Chan<int> c(1);
      c.Send(1);
      WaitGroup wg;
      wg.Go([c] { EXPECT_TRUE(c.TryRecv().has_value() || c.closed()); });
      c.Close();
      c.Recv();
      wg.Wait();
    }
  });
}

// TestMultiConsumer.
TEST_P(ChanTest, WorkersShareALoad) {
  heddle::Run(GetParam().options, [n = GetParam().Times(30'000)] {
    constexpr int kWorkers = 23;
    const int pn[] = {2, 3, 7, 11, 13, 17, 19, 23, 27, 31};
    const Chan<int> q(static_cast<size_t>(kWorkers * 3));
    const Chan<int> r(static_cast<size_t>(kWorkers * 3));
    WaitGroup workers;
    for (int w = 0; w < kWorkers; w++) {
      workers.Go([&, w] {
        for (int v : q) {
          if (pn[w % 10] == v) Yield();  // mix it up
          r.Send(v);
        }
      });
    }
    int64_t expect = 0;
    Go([&expect, &pn, &workers, n, q, r] {
      for (int i = 0; i < n; i++) {
        const int v = pn[i % 10];
        expect += v;
        q.Send(v);
      }
      q.Close();
      workers.Wait();
      r.Close();
    });
    int64_t sum = 0;
    int received = 0;
    for (int v : r) {
      sum += v;
      received++;
    }
    EXPECT_EQ(received, n);
    EXPECT_EQ(sum, expect);
  });
}

// test/chan/goroutines.go: a chain of 10,000.
TEST_P(ChanTest, ALongChain) {
  heddle::Run(GetParam().options, [n = GetParam().Times(5000)] {
    const Chan<int> leftmost;
    Chan<int> right = leftmost;
    for (int i = 0; i < n; i++) {
      const Chan<int> left = right;
      right = Chan<int>();
      Go({.stack_size = 16 << 10},
         [left, right] { left.Send(*right.Recv() + 1); });
    }
    Go([right] { right.Send(0); });
    EXPECT_EQ(leftmost.Recv(), n);
  });
}

TEST_P(ChanTest, WaitersAreServedInTheirOrder) {
  if (GetParam().options.procs != 1 || GetParam().options.randomize) return;
  Options options = GetParam().options;
  options.preempt = false;
  heddle::Run(options, [] {
    const Chan<int> c;
    std::vector<int> order;
    Mutex mu;
    WaitGroup wg;
    for (int i = 0; i < 5; i++) {
      wg.Go([&, i] {
        const int v = *c.Recv();
        mu.Lock();
        order.push_back(10 * i + v);
        mu.Unlock();
      });
      LetOthersRun();
    }
    for (int i = 0; i < 5; i++) {
      c.Send(i);
      LetOthersRun();
    }
    wg.Wait();
    EXPECT_EQ(order, (std::vector<int>{0, 11, 22, 33, 44}));
  });
}

// A receive from a full buffer takes its head; the blocked sender's value goes
// to the tail.
TEST_P(ChanTest, ABlockedSendersValueGoesToTheTail) {
  heddle::Run(GetParam().options, [] {
    const Chan<int> c(2);
    c.Send(1);
    c.Send(2);
    WaitGroup wg;
    wg.Go([c] { c.Send(3); });
    LetOthersRun();
    EXPECT_EQ(c.Recv(), 1);
    EXPECT_EQ(c.Recv(), 2);
    EXPECT_EQ(c.Recv(), 3);
    wg.Wait();
  });
}

TEST_P(ChanTest, PlainThreadsTakePart) {
  const int n = GetParam().Times(2000);
  const Chan<int> to(3);
  const Chan<int> back;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; t++) {
    threads.emplace_back([&] {
      for (int v : to) back.Send(v + 1);
    });
  }
  Runtime runtime(GetParam().options);
  runtime.Run([&] {
    int64_t sum = 0;
    Go([&] {
      for (int i = 0; i < n; i++) to.Send(i);
      to.Close();
    });
    for (int i = 0; i < n; i++) sum += *back.Recv();
    EXPECT_EQ(sum, static_cast<int64_t>(n) * (n + 1) / 2);
  });
  for (std::thread& t : threads) t.join();
}

TEST_P(ChanTest, InsideBlockingTheThreadWaits) {
  heddle::Run(GetParam().options, [] {
    const Chan<int> c;
    const Chan<int> d;
    Go([=] { c.Send(Blocking([=] { return *d.Recv(); })); });
    d.Send(4);
    EXPECT_EQ(c.Recv(), 4);
  });
}

// Closing races with sends and receives: whatever was sent arrives, and all
// senders hear of the close.
TEST_P(ChanTest, CloseRaces) {
  heddle::Run(GetParam().options, [n = GetParam().Times(300)] {
    for (int i = 0; i < n; i++) {
      const Chan<std::string> c(static_cast<size_t>(i % 3));
      std::atomic<int> sent{0};
      std::atomic<int> received{0};
      WaitGroup wg;
      for (int s = 0; s < 3; s++) {
        wg.Go([&] {
          try {
            for (;;) {
              c.Send("a string that does not fit into the small buffer");
              sent++;
            }
          } catch (const ClosedChannel&) {
          }
        });
        wg.Go([&] {
          for (const std::string& v : c) {
            EXPECT_EQ(v.size(), 48u);
            received++;
          }
        });
      }
      for (int k = 0; k < i % 5; k++) Yield();
      c.Close();
      wg.Wait();
      EXPECT_EQ(sent, received);
    }
  });
}

// What was done before a send, with plain variables, is seen after its receive;
// and what was before a receive, after the send that took its place. For TSan.
TEST_P(ChanTest, OrdersWhatBothSidesDo) {
  heddle::Run(GetParam().options, [n = GetParam().Times(500)] {
    for (size_t capacity : {0, 1, 4}) {
      const Chan<int*> c(capacity);
      std::vector<int> slots(capacity + 1, 0);
      Go([&slots, c, n] {
        for (int i = 0; i < n; i++) {
          // The (i - C)-th receive, or a rendezvous, gave this slot back.
          int* slot = &slots[static_cast<size_t>(i) % slots.size()];
          if (i < static_cast<int>(slots.size())) *slot = i;
          c.Send(slot);
        }
        c.Close();
      });
      int i = 0;
      for (int* slot : c) {
        if (i < static_cast<int>(slots.size())) {
          EXPECT_EQ(*slot, i);
        }
        i++;
      }
      EXPECT_EQ(i, n);
    }
  });
}

TEST_P(ChanTest, ASemaphoreOrdersItsHolders) {
  heddle::Run(GetParam().options, [n = GetParam().Times(500)] {
    const Chan<bool> sem(1);
    int plain = 0;
    WaitGroup wg;
    for (int g = 0; g < 4; g++) {
      wg.Go([&] {
        for (int i = 0; i < n; i++) {
          sem.Send(true);
          plain++;
          sem.Recv();
        }
      });
    }
    wg.Wait();
    EXPECT_EQ(plain, 4 * n);
  });
}

TEST(ChanHandleTest, CopiesAreOneChannel) {
  const Chan<int> a(2);
  Chan<int> b = a;
  b.Send(1);
  EXPECT_EQ(a.len(), 1u);
  EXPECT_EQ(a.cap(), 2u);
  EXPECT_TRUE(a == b);
  EXPECT_FALSE(a == Chan<int>(2));
  const Chan<int> c = std::move(b);
  EXPECT_TRUE(c == a);
  EXPECT_TRUE(b == Chan<int>::Nil());  // NOLINT: moved from
  EXPECT_EQ(c.Recv(), 1);
}

TEST(ChanHandleTest, NilIsNoChannel) {
  const Chan<int> nil = Chan<int>::Nil();
  EXPECT_FALSE(nil.TrySend(1));
  EXPECT_FALSE(nil.TryRecv().has_value());
  EXPECT_FALSE(nil.closed());
  EXPECT_EQ(nil.len(), 0u);
  EXPECT_EQ(nil.cap(), 0u);
  EXPECT_THROW(nil.Close(), ClosedChannel);
}

TEST(ChanHandleTest, TextsAreGos) {
  const auto text = [](auto f) {
    try {
      f();
    } catch (const ClosedChannel& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const Chan<int> c;
  EXPECT_EQ(text([] { Chan<int>::Nil().Close(); }), "close of nil channel");
  c.Close();
  EXPECT_EQ(text([&] { c.Close(); }), "close of closed channel");
  EXPECT_EQ(text([&] { c.Send(1); }), "send on closed channel");
}

TEST(ChanHandleTest, CapacityOutOfRange) {
  EXPECT_THROW(Chan<int>(static_cast<size_t>(-1)), std::invalid_argument);
  EXPECT_THROW(Chan<char>(size_t{1} << 32), std::invalid_argument);
  struct Huge {
    char bytes[1 << 16];
  };
  EXPECT_NO_THROW(Chan<Huge>(0));
}

TEST(ChanDeathTest, AnUncaughtSendOnAClosedChannelIsAPanic) {
  EXPECT_DEATH(heddle::Run([] {
                 const Chan<int> c;
                 c.Close();
                 c.Send(1);
               }),
               "panic: send on closed channel");
}

}  // namespace
}  // namespace heddle
