#include "heddle/runtime/context/context.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/context/other_key_for_test.h"

namespace heddle {
namespace {

constexpr absl::Duration kShort = absl::Milliseconds(1);
constexpr absl::Duration kLong = absl::Hours(1);

const absl::Status& Canceled() {
  static const auto* const s =
      new absl::Status(absl::CancelledError("context canceled"));
  return *s;
}
const absl::Status& Exceeded() {
  static const auto* const s = new absl::Status(
      absl::DeadlineExceededError("context deadline exceeded"));
  return *s;
}

void ExpectDone(const Context& c, const absl::Status& err) {
  EXPECT_FALSE(c.Done().Recv().has_value());
  EXPECT_EQ(c.Err(), err);
}
void ExpectNotDone(const Context& c) {
  EXPECT_FALSE(c.Done().closed());
  EXPECT_TRUE(c.Err().ok());
  EXPECT_TRUE(c.Cause().ok());
}

// On goroutines, with so many Ps; 0: on a plain thread.
class ContextTest : public testing::TestWithParam<int> {
 protected:
  template <typename F>
  void InRun(F f) {
    if (GetParam() == 0) {
      f();
    } else {
      heddle::Run(Options{.procs = GetParam()}, f);
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Procs, ContextTest, testing::Values(0, 1, 4));

// TestBackground.
TEST_P(ContextTest, BackgroundIsNeverDone) {
  InRun([] {
    const Context c = Context::Background();
    EXPECT_TRUE(c.Done() == Chan<std::monostate>::Nil());
    EXPECT_TRUE(c.Err().ok());
    EXPECT_FALSE(c.Deadline().has_value());
    EXPECT_EQ(c.Value<int>(), nullptr);
  });
}

// TestWithCancel.
TEST_P(ContextTest, CancelIsForGoodAndOnce) {
  InRun([] {
    auto [c, cancel] = WithCancel(Context::Background());
    ExpectNotDone(c);
    cancel();
    ExpectDone(c, Canceled());
    EXPECT_EQ(c.Cause(), Canceled());
    cancel(absl::InternalError("too late"));
    ExpectDone(c, Canceled());
    EXPECT_EQ(c.Cause(), Canceled());
  });
}

// TestParentFinishesChild.
TEST_P(ContextTest, AParentCancelsAllBelow) {
  InRun([] {
    auto [parent, cancel] = WithCancel(Context::Background());
    auto [child, cancel_child] = WithCancel(parent);
    const Context value = WithValue(parent, std::string("v"));
    auto [grandchild, cancel_grandchild] = WithTimeout(value, kLong);
    ExpectNotDone(grandchild);
    cancel(absl::AbortedError("why"));
    for (const Context& c : {parent, child, value, grandchild}) {
      ExpectDone(c, Canceled());
      EXPECT_EQ(c.Cause(), absl::AbortedError("why"));
    }
    // Of a parent that is done, a child is at once.
    auto [late, cancel_late] = WithCancel(value);
    ExpectDone(late, Canceled());
    EXPECT_EQ(late.Cause(), absl::AbortedError("why"));
  });
}

// TestChildFinishesFirst.
TEST_P(ContextTest, AChildLeavesItsParentAlone) {
  InRun([] {
    auto [parent, cancel] = WithCancel(Context::Background());
    auto [child, cancel_child] = WithCancel(parent);
    auto [other, cancel_other] = WithCancel(parent);
    cancel_child();
    ExpectDone(child, Canceled());
    ExpectNotDone(parent);
    ExpectNotDone(other);
    cancel();
    ExpectDone(other, Canceled());
  });
}

// TestDeadline, TestTimeout.
TEST_P(ContextTest, IsDoneAtItsDeadline) {
  InRun([] {
    const absl::Time before = absl::Now();
    auto [c, cancel] = WithTimeout(Context::Background(), kShort);
    ASSERT_TRUE(c.Deadline().has_value());
    EXPECT_GE(*c.Deadline(), before);
    // A later deadline below, or one of the other kind, does not matter.
    auto [later, cancel_later] = WithTimeout(c, kLong);
    EXPECT_EQ(later.Deadline(), c.Deadline());
    auto [plain, cancel_plain] = WithCancel(c);
    EXPECT_EQ(plain.Deadline(), c.Deadline());
    for (const Context& each : {later, plain, c}) {
      ExpectDone(each, Exceeded());
      EXPECT_EQ(each.Cause(), Exceeded());
    }
    cancel();
    ExpectDone(c, Exceeded());
  });
}

// TestCanceledTimeout.
TEST_P(ContextTest, CancelComesBeforeTheDeadline) {
  InRun([] {
    auto [c, cancel] = WithTimeout(Context::Background(), kLong);
    auto [child, cancel_child] = WithTimeout(c, kShort);
    ExpectDone(child, Exceeded());
    ExpectNotDone(c);
    cancel();
    ExpectDone(c, Canceled());
    ExpectDone(child, Exceeded());
  });
}

TEST_P(ContextTest, ADeadlineInThePast) {
  InRun([] {
    auto [c, cancel] = WithTimeout(Context::Background(), -kShort);
    EXPECT_EQ(c.Err(), Exceeded());
    auto [child, cancel_child] = WithCancel(c);
    EXPECT_EQ(child.Err(), Exceeded());
    auto [never, cancel_never] =
        WithDeadline(Context::Background(), absl::InfiniteFuture());
    ExpectNotDone(never);
    cancel_never();
  });
}

// TestValues.
struct User {
  std::string name;
};
struct Request {
  int id;
};
TEST_P(ContextTest, ValuesAreFoundByType) {
  InRun([] {
    const Context one = WithValue(Context::Background(), User{"a"});
    const Context two = WithValue(one, Request{2});
    auto [three, cancel] = WithCancel(WithValue(two, User{"b"}));
    EXPECT_EQ(one.Value<Request>(), nullptr);
    EXPECT_EQ(one.Value<User>()->name, "a");
    EXPECT_EQ(two.Value<User>()->name, "a");
    EXPECT_EQ(three.Value<User>()->name, "b");
    EXPECT_EQ(three.Value<Request>()->id, 2);
    EXPECT_EQ(three.Value<int>(), nullptr);
    cancel();
  });
}

// other_key_for_test.cc has a type of this name, too. (clang's std::type_info
// takes the two for one.)
struct Key {
  std::string name;
};
TEST_P(ContextTest, TypesOfUnnamedNamespacesDiffer) {
  const Context other = WithOtherKey(Context::Background(), 7);
  EXPECT_EQ(other.Value<Key>(), nullptr);
  const Context both = WithValue(other, Key{"a"});
  EXPECT_EQ(both.Value<Key>()->name, "a");
  EXPECT_EQ(OtherKey(both), 7);
}

TEST_P(ContextTest, AConstTypeIsTheSameKey) {
  const Context c = WithValue(Context::Background(), Key{"a"});
  EXPECT_EQ(c.Value<const Key>(), c.Value<Key>());
}

// TestSimultaneousCancels: a tree, and all of it at once.
TEST_P(ContextTest, SimultaneousCancels) {
  InRun([] {
    std::vector<std::pair<Context, CancelFunc>> all;
    all.push_back(WithCancel(Context::Background()));
    for (size_t i = 1; i < 100; i++) {
      all.push_back(i % 2 == 0 ? WithCancel(all[i / 2].first)
                               : WithTimeout(all[i / 2].first, kLong));
    }
    if (GetParam() == 0) {
      for (auto& [c, cancel] : all) cancel();
    } else {
      WaitGroup wg;
      for (auto& each : all) wg.Go([cancel = each.second] { cancel(); });
      wg.Wait();
    }
    for (const auto& [c, cancel] : all) ExpectDone(c, Canceled());
  });
}

// TestInterlockedCancels: the parent is cancelled by the child's end.
TEST_P(ContextTest, InterlockedCancels) {
  if (GetParam() == 0) return;
  InRun([] {
    for (int i = 0; i < 50; i++) {
      auto [parent, cancel_parent] = WithCancel(Context::Background());
      auto [child, cancel_child] = WithCancel(parent);
      WaitGroup wg;
      wg.Go([parent = parent, cancel = cancel_child] {
        parent.Done().Recv();
        cancel();
      });
      wg.Go([child = child, cancel = cancel_parent] {
        child.Done().Recv();
        cancel();
      });
      cancel_parent();
      ExpectDone(child, Canceled());
      wg.Wait();
    }
  });
}

// A chain of this depth, walked by recursion, takes more than a stack.
TEST_P(ContextTest, ALongChain) {
  InRun([] {
    auto [root, cancel] = WithCancel(Context::Background());
    Context c = root;
    for (int i = 0; i < 2000; i++) c = WithCancel(c).first;
    cancel();
    ExpectDone(c, Canceled());
  });
}

// TestAllocs and friends, in spirit: nothing is left of those that are done.
TEST_P(ContextTest, NothingIsLeft) {
  const auto token = std::make_shared<int>(0);
  InRun([&token] {
    auto [parent, cancel] = WithCancel(Context::Background());
    for (int i = 0; i < 10; i++) {
      auto [child, cancel_child] = WithTimeout(WithValue(parent, token), kLong);
      EXPECT_EQ(*child.Value<std::shared_ptr<int>>(), token);
      cancel_child();
    }
    EXPECT_EQ(token.use_count(), 1);
    cancel();
  });
}

}  // namespace
}  // namespace heddle
