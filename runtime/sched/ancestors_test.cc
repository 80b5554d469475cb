#include "heddle/runtime/sched/ancestors.h"

#include <cstdint>
#include <stdexcept>
#include <thread>  // NOLINT
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/runtime/sched/hooks.h"
#include "heddle/runtime/sched/sched_for_test.h"

namespace heddle::sched {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uintptr_t kGoStatement = 1000;

// A stack for each go statement: two frames of the runtime's, the go
// statement's, and `depth` callers.
int depth = 0;
int FakeCapture(uintptr_t* pcs, int max, int skip) {
  int n = 0;
  for (uintptr_t pc : {uintptr_t{1}, uintptr_t{2}, kGoStatement}) {
    if (n < max) pcs[n++] = pc;
  }
  for (int i = 0; i < depth && n < max; i++) {
    pcs[n++] = kGoStatement + static_cast<uintptr_t>(i) + 1;
  }
  return n;
}

class AncestorsTest : public ::testing::Test {
 protected:
  AncestorsTest() {
    depth = 2;
    SetCaptureStackHook(FakeCapture);
  }
  ~AncestorsTest() override { SetCaptureStackHook(nullptr); }

  static Options Remember(int n) {
    return {.procs = 1, .debug = {.traceback_ancestors = n}};
  }

  // The go statement, from `pc`.
  template <typename F>
  static void GoFrom(uintptr_t pc, F&& f) {
    NewProc(Getm()->sched, MakeFuncVal(std::forward<F>(f)), {}, pc);
  }

  static std::vector<uint64_t> Goids(const G* gp) {
    std::vector<uint64_t> ids;
    if (gp->ancestors() == nullptr) return ids;
    for (const auto& a : *gp->ancestors()) ids.push_back(a->goid);
    return ids;
  }

  static void ExpectNoneLeft(Sched* sched) {
    for (size_t i = 0; i < sched->allgs.size(); i++) {
      EXPECT_EQ(sched->allgs[i]->ancestors(), nullptr);
    }
  }

  // Starts a chain of `n` goroutines, each by the one before; calls f() in the
  // last.
  template <typename F>
  static void Chain(int n, F f) {
    GoFrom(kGoStatement, [n, f] {
      if (n == 1) {
        f();
      } else {
        Chain(n - 1, f);
      }
    });
  }
};

TEST_F(AncestorsTest, NoneUnlessAsked) {
  SchedForTest s(Remember(0));
  s.Run([] {
    GoFrom(kGoStatement, [] { EXPECT_EQ(Getg()->ancestors(), nullptr); });
  });
}

TEST_F(AncestorsTest, MainHasNone) {
  SchedForTest s(Remember(5));
  s.Run([] { EXPECT_EQ(Getg()->ancestors(), nullptr); });
}

TEST_F(AncestorsTest, TheParent) {
  SchedForTest s(Remember(5));
  s.Run([] {
    GoFrom(kGoStatement, [] {
      ASSERT_THAT(Goids(Getg()), ElementsAre(1));
      const Ancestor& parent = *Getg()->ancestors()->front();
      EXPECT_EQ(parent.gopc, 0u);
      EXPECT_THAT(parent.pcs, ElementsAre(1000, 1001, 1002));
      GoFrom(kGoStatement, [] {
        ASSERT_THAT(Goids(Getg()), ElementsAre(2, 1));
        EXPECT_EQ(Getg()->ancestors()->front()->gopc, kGoStatement);
      });
    });
  });
}

TEST_F(AncestorsTest, NewestFirstAndNMoreNever) {
  SchedForTest s(Remember(3));
  s.Run(
      [] { Chain(2, [] { EXPECT_THAT(Goids(Getg()), ElementsAre(2, 1)); }); });
  SchedForTest t(Remember(3));
  t.Run([] {
    Chain(6, [] { EXPECT_THAT(Goids(Getg()), ElementsAre(6, 5, 4)); });
  });
}

TEST_F(AncestorsTest, AnAncestorIsShared) {
  SchedForTest s(Remember(3));
  s.Run([] {
    GoFrom(kGoStatement, [] {
      const Ancestor* main = Getg()->ancestors()->back().get();
      GoFrom(kGoStatement,
             [main] { EXPECT_EQ(Getg()->ancestors()->back().get(), main); });
    });
  });
}

TEST_F(AncestorsTest, FiftyFrames) {
  depth = 100;
  SchedForTest s(Remember(1));
  s.Run([] {
    GoFrom(kGoStatement, [] {
      const std::vector<uintptr_t>& pcs = Getg()->ancestors()->front()->pcs;
      EXPECT_EQ(pcs.size(), kMaxAncestorFrames);
      EXPECT_EQ(pcs.front(), kGoStatement);
    });
  });
}

TEST_F(AncestorsTest, AGoStatementThatIsNotOnTheStack) {
  SchedForTest s(Remember(1));
  s.Run([] {
    GoFrom(7, [] {
      EXPECT_THAT(Getg()->ancestors()->front()->pcs,
                  ElementsAre(1, 2, 1000, 1001, 1002));
    });
  });
}

TEST_F(AncestorsTest, NoHook) {
  SetCaptureStackHook(nullptr);
  SchedForTest s(Remember(1));
  s.Run([] {
    GoFrom(kGoStatement, [] {
      EXPECT_THAT(Goids(Getg()), ElementsAre(1));
      EXPECT_THAT(Getg()->ancestors()->front()->pcs, IsEmpty());
    });
  });
}

TEST_F(AncestorsTest, AThreadIsNoAncestor) {
  SchedForTest s(Remember(5));
  s.Run([&] {
    std::thread([&] {
      NewProc(s.get(),
              MakeFuncVal([] { EXPECT_EQ(Getg()->ancestors(), nullptr); }), {},
              kGoStatement);
    }).join();
  });
}

// A G that is used again has not those of the goroutine that it was before.
TEST_F(AncestorsTest, TheyEndWithTheGoroutine) {
  SchedForTest s(Remember(5));
  s.Run([&] {
    GoFrom(kGoStatement, [] {});
    LatchForTest done(1);
    GoFrom(kGoStatement, [&] { done.Arrive(); });
    done.Wait();
  });
  ExpectNoneLeft(s.get());
}

struct Throws {
  Throws() = default;
  Throws(const Throws&) { throw std::runtime_error("copy"); }
  void operator()() const {}
};

TEST_F(AncestorsTest, AGoStatementInVain) {
  SchedForTest s(Remember(5));
  s.Run([&] {
    const Throws f;
    EXPECT_THROW(GoFrom(kGoStatement, f), std::runtime_error);
  });
  ExpectNoneLeft(s.get());
}

}  // namespace
}  // namespace heddle::sched
