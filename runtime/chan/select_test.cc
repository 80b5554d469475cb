// The C++ counterparts of Go's tests of select.

#include "heddle/runtime/chan/select.h"

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>  // NOLINT
#include <vector>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/chan/shapes_for_test.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "heddle/runtime/sched/g.h"
#include "heddle/runtime/sched/gfree.h"

namespace heddle {
namespace {

class SelectTest : public ShapeTest {};
HEDDLE_ALL_SHAPES(SelectTest);

// TestNonblockSelectRace, …2: a select sees all its channels at one moment.
// One of the two is ready always, so Default must never run.
TEST_P(SelectTest, IsASnapshot) {
  heddle::Run(GetParam().options, [n = GetParam().Times(5000)] {
    for (int i = 0; i < n; i++) {
      const Chan<int> c1(1);
      const Chan<int> c2(1);
      c1.Send(1);
      WaitGroup wg;
      wg.Go([=] {
        EXPECT_NE(Select(RecvFrom(c1), RecvFrom(c2), Default()), 2u);
      });
      if (i % 2 == 0) {
        c2.Send(1);
      } else {
        c2.Close();
      }
      // Default runs if the other was first.
      Select(RecvFrom(c1), Default());
      wg.Wait();
    }
  });
}

// TestSelfSelect: a goroutine does not select with itself.
TEST_P(SelectTest, TwoThatSendAndReceiveOnOneChannel) {
  heddle::Run(GetParam().options, [n = GetParam().Times(1000)] {
    for (size_t capacity : {0, 10}) {
      const Chan<int> c(capacity);
      WaitGroup wg;
      for (int p = 0; p < 2; p++) {
        wg.Go([&, p] {
          for (int i = 0; i < n; i++) {
            int v = 0;
            const size_t ran = p == 0 || i % 2 == 0
                                   ? Select(SendTo(c, p), RecvFrom(c, &v))
                                   : 1 - Select(RecvFrom(c, &v), SendTo(c, p));
            if (capacity == 0 && ran == 1) {
              EXPECT_EQ(v, 1 - p);
            }
          }
        });
      }
      wg.Wait();
    }
  });
}

// TestSelectStress.
TEST_P(SelectTest, Stress) {
  heddle::Run(GetParam().options, [n = GetParam().Times(2000)] {
    const std::array<Chan<int>, 4> c = {Chan<int>(), Chan<int>(), Chan<int>(2),
                                        Chan<int>(3)};
    WaitGroup wg;
    // Each channel is sent to, and received from, n times by itself, and once
    // more by selects that take what is ready.
    for (const Chan<int>& ch : c) {
      wg.Go([ch, n] {
        for (int i = 0; i < n; i++) ch.Send(0);
      });
      wg.Go([ch, n] {
        for (int i = 0; i < n; i++) ch.Recv();
      });
    }
    for (bool send : {true, false}) {
      wg.Go([&c, n, send] {
        std::array<Chan<int>, 4> left = c;
        std::array<int, 4> times = {};
        for (int i = 0; i < 4 * n; i++) {
          const size_t ran =
              send ? Select(SendTo(left[3], 0), SendTo(left[2], 0),
                            SendTo(left[0], 0), SendTo(left[1], 0))
                   : Select(RecvFrom(left[0]), RecvFrom(left[1]),
                            RecvFrom(left[2]), RecvFrom(left[3]));
          constexpr std::array<size_t, 4> kSendOrder = {3, 2, 0, 1};
          const size_t which = send ? kSendOrder[ran] : ran;
          if (++times[which] == n) left[which] = Chan<int>::Nil();
        }
      });
    }
    wg.Wait();
    for (const Chan<int>& ch : c) EXPECT_EQ(ch.len(), 0u);
  });
}

// TestSelectDuplicateChannel: one channel in several cases; the waiters behind
// and before are not lost.
TEST_P(SelectTest, OneChannelInSeveralCases) {
  heddle::Run(GetParam().options, [n = GetParam().Times(300)] {
    for (int i = 0; i < n; i++) {
      const Chan<int> c;
      const Chan<int> d;
      const Chan<int> e;
      WaitGroup wg;
      wg.Go([=] {
        Select(RecvFrom(c), RecvFrom(c), RecvFrom(d));
        e.Send(9);
      });
      Yield();
      wg.Go([=] { EXPECT_EQ(c.Recv(), 4); });
      Yield();
      d.Send(7);
      EXPECT_EQ(e.Recv(), 9);
      c.Send(4);
      wg.Wait();
    }
  });
}

// test/chan/doubleselect.go: of one select two cases never run.
TEST_P(SelectTest, OneCaseRuns) {
  heddle::Run(GetParam().options, [n = GetParam().Times(2000)] {
    const std::array<Chan<int>, 4> c;
    const Chan<int> merged;
    Go([c, n] {
      for (int i = 0; i < n; i++) {
        Select(SendTo(c[0], i), SendTo(c[1], i), SendTo(c[2], i),
               SendTo(c[3], i));
      }
      for (const Chan<int>& ch : c) ch.Close();
    });
    WaitGroup wg;
    for (const Chan<int>& ch : c) {
      wg.Go([ch, merged] {
        for (int v : ch) merged.Send(v);
      });
    }
    Go([&wg, merged] {
      wg.Wait();
      merged.Close();
    });
    std::vector<int> seen(static_cast<size_t>(n), 0);
    for (int v : merged) seen[static_cast<size_t>(v)]++;
    for (int times : seen) EXPECT_EQ(times, 1);
  });
}

// test/chan/select3.go: what blocks and what does not.
TEST_P(SelectTest, WhatBlocks) {
  heddle::Run(GetParam().options, [] {
    const Chan<int> nil = Chan<int>::Nil();
    const Chan<int> closed;
    closed.Close();
    const Chan<int> full(1);
    full.Send(1);
    const Chan<int> empty(1);
    const auto blocks = [](auto... cases) {
      return Select(cases..., Default()) == sizeof...(cases);
    };
    EXPECT_TRUE(blocks());
    EXPECT_TRUE(blocks(RecvFrom(nil)));
    EXPECT_TRUE(blocks(SendTo(nil, 1)));
    EXPECT_TRUE(blocks(RecvFrom(nil), SendTo(nil, 1)));
    EXPECT_TRUE(blocks(RecvFrom(empty)));
    EXPECT_TRUE(blocks(SendTo(full, 1)));
    EXPECT_TRUE(blocks(SendTo(full, 1), RecvFrom(empty), RecvFrom(nil)));
    EXPECT_FALSE(blocks(RecvFrom(closed)));
    EXPECT_FALSE(blocks(RecvFrom(nil), RecvFrom(closed)));
    EXPECT_FALSE(blocks(SendTo(empty, 1), RecvFrom(nil)));
    EXPECT_THROW(Select(SendTo(closed, 1)), ClosedChannel);
    EXPECT_THROW(Select(RecvFrom(nil), SendTo(closed, 1), Default()),
                 ClosedChannel);
  });
}

// test/chan/select6.go (issue 2075): a select that is woken by one channel must
// take its waiters off the middle of the others' queues.
TEST_P(SelectTest, LeavesTheQueuesInOrder) {
  heddle::Run(GetParam().options, [n = GetParam().Times(200)] {
    for (int i = 0; i < n; i++) {
      const Chan<bool> c1;
      const Chan<bool> c2;
      const Chan<bool> c3;
      const Chan<bool> c4;
      WaitGroup wg;
      wg.Go([=] { c1.Recv(); });
      wg.Go([=] {
        Select(RecvFrom(c1), RecvFrom(c2));
        c3.Send(true);
      });
      wg.Go([=] {
        c2.Send(true);
        c3.Recv();
        c4.Send(true);
      });
      wg.Go([=] { c1.Recv(); });
      c4.Recv();
      // Two or fewer wait for c1, and get it.
      c1.Close();
      wg.Wait();
    }
  });
}

TEST_P(SelectTest, CloseWakesASelect) {
  heddle::Run(GetParam().options, [n = GetParam().Times(200)] {
    for (int i = 0; i < n; i++) {
      const Chan<std::string> a;
      const Chan<std::string> b;
      const Chan<std::string> c;
      WaitGroup wg;
      wg.Go([=] {
        std::string v = "before";
        bool ok = true;
        EXPECT_EQ(Select(RecvFrom(a, &v, &ok), RecvFrom(b, &v, &ok)), 1u);
        EXPECT_FALSE(ok);
        EXPECT_EQ(v, "");
      });
      wg.Go([=] {
        try {
          Select(SendTo(c, "x"), RecvFrom(a));
          ADD_FAILURE() << "sent";
        } catch (const ClosedChannel&) {
        }
      });
      // They may wait by then, or not.
      if (i % 2 == 0) LetOthersRun();
      b.Close();
      c.Close();
      wg.Wait();
    }
  });
}

TEST_P(SelectTest, ValuesThatAreNotTrivial) {
  heddle::Run(GetParam().options, [n = GetParam().Times(500)] {
    const Chan<std::unique_ptr<int>> a;
    const Chan<std::string> b(2);
    Go([=] {
      for (int i = 0; i < n; i++) {
        Select(SendTo(a, std::make_unique<int>(i)),
               SendTo(b, std::string(40, 'x')));
      }
      a.Close();
    });
    std::unique_ptr<int> p;
    std::string s;
    bool ok = true;
    int last = -1;
    while (ok) {
      if (Select(RecvFrom(a, &p, &ok), RecvFrom(b, &s)) == 1) {
        EXPECT_EQ(s, std::string(40, 'x'));
        s.clear();
      } else if (ok) {
        EXPECT_GT(*p, last);
        last = *p;
      }
    }
  });
}

TEST_P(SelectTest, PlainThreadsTakePart) {
  const int n = GetParam().Times(1000);
  const Chan<int> a;
  const Chan<int> b(1);
  const Chan<bool> done;
  std::vector<std::thread> threads;
  std::atomic<int> received{0};
  for (int t = 0; t < 2; t++) {
    threads.emplace_back([&] {
      while (Select(RecvFrom(a), RecvFrom(b), RecvFrom(done)) != 2) received++;
    });
  }
  heddle::Run(GetParam().options, [&] {
    WaitGroup wg;
    for (int g = 0; g < 2; g++) {
      wg.Go([&] {
        for (int i = 0; i < n; i++) Select(SendTo(a, i), SendTo(b, i));
      });
    }
    wg.Wait();
    while (b.len() > 0) Yield();
    done.Close();
  });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(received, 2 * n);
}

// Of a number of cases known at run time only; more than lie on the stack.
TEST_P(SelectTest, Spans) {
  heddle::Run(GetParam().options, [slower = GetParam().slower] {
    for (size_t ncases : {1, 2, 7, slower > 1 ? 40 : 300}) {
      std::vector<Chan<std::string>> in(ncases);
      WaitGroup wg;
      for (size_t i = 0; i < ncases; i++) {
        wg.Go([ch = in[i], i] {
          ch.Send(std::to_string(i));
          ch.Close();
        });
      }
      std::vector<std::string> values(ncases);
      std::vector<char> seen(ncases, 0);
      std::unique_ptr<bool[]> ok(new bool[ncases]());
      std::vector<SelectCase> cases;
      for (size_t i = 0; i < ncases; i++) {
        cases.push_back(RecvFrom(in[i], &values[i], &ok[i]));
      }
      in.clear();
      for (size_t left = ncases; left > 0;) {
        const size_t i = Select(absl::MakeSpan(cases));
        if (ok[i]) {
          EXPECT_EQ(values[i], std::to_string(i));
          EXPECT_EQ(seen[i]++, 0);
        } else {
          EXPECT_EQ(seen[i], 1);
          cases[i] = RecvFrom(Chan<std::string>::Nil());
          left--;
        }
      }
      wg.Wait();
    }
  });
}

TEST_P(SelectTest, SpansSendAndDefault) {
  heddle::Run(GetParam().options, [] {
    const Chan<std::string> a(1);
    std::vector<SelectCase> cases;
    cases.push_back(SendTo(a, "one"));
    cases.push_back(Default());
    EXPECT_EQ(Select(absl::MakeSpan(cases)), 0u);
    EXPECT_EQ(Select(absl::MakeSpan(cases)), 1u);
    EXPECT_EQ(a.Recv(), "one");
    cases.push_back(Default());
    EXPECT_THROW(Select(absl::MakeSpan(cases)), std::invalid_argument);
  });
}

// TestSelectFairness, by chi-square with a fixed seed and not by the clock: of
// several that are ready each is as likely. 16.3 is the 0.1 % point for three
// degrees of freedom, and the seed decides.
TEST(SelectFairnessTest, OfThoseThatAreReadyEachIsAsLikely) {
  heddle::Run(Options{.procs = 1, .randomize = true, .seed = 11}, [] {
    constexpr int kTrials = 40'000;
    const std::array<Chan<int>, 5> c = {
        Chan<int>(1), Chan<int>(1), Chan<int>(1), Chan<int>(1), Chan<int>(1)};
    for (size_t i = 0; i < 4; i++) c[i].Send(0);
    std::array<int, 5> ran = {};
    for (int i = 0; i < kTrials; i++) {
      const size_t which =
          Select(RecvFrom(c[0]), RecvFrom(c[4]), RecvFrom(c[1]), RecvFrom(c[2]),
                 RecvFrom(c[3]));
      ran[which]++;
      c[which == 0 ? 0 : which == 1 ? 4 : which - 1].Send(0);
    }
    EXPECT_EQ(ran[1], 0);
    constexpr double kExpected = kTrials / 4.0;
    double chi2 = 0;
    for (size_t which : {0, 2, 3, 4}) {
      const double d = ran[which] - kExpected;
      chi2 += d * d / kExpected;
    }
    EXPECT_LT(chi2, 16.3);
  });
}

// TestPseudoRandomSend: the two cases of a select that can always send.
TEST(SelectFairnessTest, SendsToo) {
  heddle::Run(Options{.procs = 1, .seed = 5}, [] {
    constexpr int kTrials = 10'000;
    const Chan<int> c(1);
    int zeros = 0;
    for (int i = 0; i < kTrials; i++) {
      Select(SendTo(c, 0), SendTo(c, 1));
      zeros += *c.Recv() == 0 ? 1 : 0;
    }
    EXPECT_NEAR(zeros, kTrials / 2.0, 250);  // five standard deviations
  });
}

// Of few cases it leaves its goroutine most of a page: a thousand bytes less
// lie on its stack than of more.
TEST(SelectStackTest, FewCasesTakeLittle) {
  if (sanitizer::kAsan) GTEST_SKIP() << "keeps locals elsewhere";
  heddle::Run(Options{.procs = 1, .preempt = false}, [] {
    const Chan<int> c;
    const auto depth_of = [&c](auto select) {
      std::atomic<const sched::G*> started{nullptr};
      WaitGroup ended;
      ended.Go([&] {
        started = sched::Getg();
        select();
      });
      while (started == nullptr ||
             sched::ReadGStatus(started) != sched::GStatus::kWaiting) {
        Yield();
      }
      const sched::G* const gp = started;
      const size_t depth =
          gp->stack.hi - sched::StackColor(gp->stack) - gp->sched.sp;
      c.Send(1);
      ended.Wait();
      return depth;
    };
    const size_t of_two = depth_of([&c] { Select(RecvFrom(c), RecvFrom(c)); });
    const size_t of_five = depth_of([&c] {
      Select(RecvFrom(c), RecvFrom(c), RecvFrom(c), RecvFrom(c), RecvFrom(c));
    });
    EXPECT_LT(of_two + 1000, of_five);
  });
}

TEST(SelectLimitsTest, TooManyCases) {
  const Chan<int> c(1);
  std::vector<SelectCase> cases;
  for (int i = 0; i < 65'537; i++) cases.push_back(RecvFrom(c));
  EXPECT_THROW(Select(absl::MakeSpan(cases)), std::invalid_argument);
  cases.pop_back();
  c.Send(1);
  EXPECT_LT(Select(absl::MakeSpan(cases)), 65'536u);
}

}  // namespace
}  // namespace heddle
