// What becomes of the values: how often they are moved, that each is destroyed
// once, alignment, exceptions.

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/chan/shapes_for_test.h"

namespace heddle {
namespace {

struct Counts {
  int moves = 0;
  int alive = 0;
};

// Move-only; counts.
class Counted {
 public:
  explicit Counted(Counts* counts, int value = 0)
      : counts_(counts), value_(value) {
    counts_->alive++;
  }
  Counted(Counted&& other) noexcept
      : counts_(other.counts_), value_(std::exchange(other.value_, -1)) {
    counts_->alive++;
    counts_->moves++;
  }
  Counted& operator=(Counted&& other) noexcept {
    value_ = std::exchange(other.value_, -1);
    counts_->moves++;
    return *this;
  }
  ~Counted() { counts_->alive--; }
  int value() const { return value_; }

 private:
  Counts* counts_;
  int value_;
};

Options Quiet() { return {.procs = 1, .preempt = false}; }

TEST(ValuesTest, AHandOverMovesOnce) {
  heddle::Run(Quiet(), [] {
    Counts counts;
    {
      const Chan<Counted> c;
      WaitGroup wg;
      // The receiver waits.
      wg.Go([c] { EXPECT_EQ(c.Recv()->value(), 5); });
      LetOthersRun();
      c.Send(Counted(&counts, 5));
      EXPECT_EQ(counts.moves, 1);
      wg.Wait();
      // The sender waits.
      wg.Go([c, &counts] { c.Send(Counted(&counts, 6)); });
      LetOthersRun();
      EXPECT_EQ(c.Recv()->value(), 6);
      EXPECT_EQ(counts.moves, 2);
      wg.Wait();
    }
    EXPECT_EQ(counts.alive, 0);
  });
}

TEST(ValuesTest, TheBufferMovesInAndOut) {
  Counts counts;
  {
    const Chan<Counted> c(2);
    c.Send(Counted(&counts, 1));
    EXPECT_EQ(counts.moves, 1);
    EXPECT_EQ(counts.alive, 1);
    EXPECT_EQ(c.Recv()->value(), 1);
    EXPECT_EQ(counts.moves, 2);
    EXPECT_EQ(counts.alive, 0);
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(ValuesTest, AFailedTryLeavesItsArgument) {
  auto v = std::make_unique<int>(3);
  const Chan<std::unique_ptr<int>> c(1);
  EXPECT_TRUE(c.TrySend(std::make_unique<int>(1)));
  EXPECT_FALSE(c.TrySend(std::move(v)));
  ASSERT_NE(v, nullptr);  // NOLINT: not moved from
  c.Close();
  EXPECT_THROW(c.TrySend(std::move(v)), ClosedChannel);
  ASSERT_NE(v, nullptr);  // NOLINT
  const Chan<std::unique_ptr<int>> nil = Chan<std::unique_ptr<int>>::Nil();
  EXPECT_FALSE(nil.TrySend(std::move(v)));
  EXPECT_EQ(*v, 3);  // NOLINT
}

TEST(ValuesTest, TheLastHandleDestroysWhatIsLeft) {
  Counts counts;
  {
    Chan<Counted> c(4);
    // The ring is not at its beginning.
    c.Send(Counted(&counts));
    c.Send(Counted(&counts));
    c.Recv();
    c.Recv();
    for (int i = 0; i < 4; i++) c.Send(Counted(&counts, i));
    const Chan<Counted> other = c;
    c = Chan<Counted>::Nil();
    EXPECT_EQ(counts.alive, 4);
  }
  EXPECT_EQ(counts.alive, 0);
}

TEST(ValuesTest, RecvIntoAVariableAssigns) {
  heddle::Run(Quiet(), [] {
    Counts counts;
    {
      const Chan<Counted> c(1);
      Counted v(&counts, 1);
      c.Send(Counted(&counts, 2));
      EXPECT_TRUE(c.Recv(&v));
      EXPECT_EQ(v.value(), 2);
      c.Close();
      EXPECT_FALSE(c.Recv(&v));
      EXPECT_EQ(v.value(), 2);  // it has no default
    }
    EXPECT_EQ(counts.alive, 0);
  });
}

TEST(ValuesTest, OverAligned) {
  struct alignas(256) Wide {
    int64_t v;
  };
  const Chan<Wide> c(3);
  for (int64_t i = 0; i < 3; i++) c.Send(Wide{i});
  for (int64_t i = 0; i < 3; i++) {
    const std::optional<Wide> got = c.Recv();
    EXPECT_EQ(reinterpret_cast<uintptr_t>(&*got) % 256, 0u);
    EXPECT_EQ(got->v, i);
  }
  heddle::Run(Quiet(), [] {
    // By way of a parked receiver and of select.
    struct alignas(128) NotTrivial {
      std::unique_ptr<int> v;
    };
    const Chan<NotTrivial> d;
    Go([d] {
      d.Send(NotTrivial{std::make_unique<int>(1)});
      d.Send(NotTrivial{std::make_unique<int>(2)});
    });
    EXPECT_EQ(*d.Recv()->v, 1);
    NotTrivial got;
    EXPECT_EQ(Select(RecvFrom(d, &got)), 0u);
    EXPECT_EQ(*got.v, 2);
  });
}

TEST(ValuesTest, WithoutState) {
  struct Empty {};
  const Chan<Empty> c(3);
  for (int i = 0; i < 3; i++) EXPECT_TRUE(c.TrySend(Empty()));
  EXPECT_FALSE(c.TrySend(Empty()));
  for (int i = 0; i < 3; i++) EXPECT_TRUE(c.Recv().has_value());
}

// Throws on every move while told to.
struct Thrower {
  static inline bool throws = false;
  static inline int alive = 0;
  int v = 0;
  explicit Thrower(int v) : v(v) { alive++; }
  Thrower(Thrower&& other) : v(other.v) {  // NOLINT: may throw
    if (throws) throw std::runtime_error("move");
    alive++;
  }
  Thrower& operator=(Thrower&& other) {  // NOLINT: may throw
    if (throws) throw std::runtime_error("move");
    v = other.v;
    return *this;
  }
  ~Thrower() { alive--; }
};

// TrySend and TryRecv take no copy of their own: the throw is the channel's.
TEST(ValuesTest, AMoveThatThrowsLeavesTheBufferAsItWas) {
  {
    const Chan<Thrower> c(2);
    c.Send(Thrower(1));
    Thrower two(2);
    Thrower::throws = true;
    EXPECT_THROW(c.TrySend(std::move(two)), std::runtime_error);
    EXPECT_EQ(c.len(), 1u);
    EXPECT_THROW(c.TryRecv(), std::runtime_error);
    EXPECT_EQ(c.len(), 1u);
    Thrower::throws = false;
    EXPECT_TRUE(c.TrySend(std::move(two)));  // NOLINT: it has not been
    EXPECT_EQ(c.Recv()->v, 1);
    EXPECT_EQ(c.Recv()->v, 2);
  }
  EXPECT_EQ(Thrower::alive, 0);
}

TEST(ValuesTest, AMoveThatThrowsLeavesTheWaitingReceiver) {
  for (bool by_select : {false, true}) {
    heddle::Run(Quiet(), [by_select] {
      const Chan<Thrower> c;
      const Chan<Thrower> other;
      WaitGroup wg;
      wg.Go([=] {
        Thrower got(0);
        if (by_select) {
          EXPECT_EQ(Select(RecvFrom(other, &got), RecvFrom(c, &got)), 1u);
          EXPECT_EQ(got.v, 7);
        } else {
          EXPECT_EQ(c.Recv()->v, 7);
        }
      });
      LetOthersRun();
      Thrower seven(7);
      Thrower::throws = true;
      EXPECT_THROW(c.TrySend(std::move(seven)), std::runtime_error);
      Thrower::throws = false;
      LetOthersRun();
      EXPECT_TRUE(c.TrySend(std::move(seven)));  // NOLINT: it has not been
      wg.Wait();
    });
    EXPECT_EQ(Thrower::alive, 0);
  }
}

TEST(ValuesTest, AMoveThatThrowsLeavesTheWaitingSender) {
  for (bool by_select : {false, true}) {
    heddle::Run(Quiet(), [by_select] {
      const Chan<Thrower> c;
      const Chan<Thrower> other;
      WaitGroup wg;
      wg.Go([=] {
        if (by_select) {
          EXPECT_EQ(Select(RecvFrom(other), SendTo(c, Thrower(7))), 1u);
        } else {
          c.Send(Thrower(7));
        }
      });
      LetOthersRun();
      Thrower::throws = true;
      EXPECT_THROW(c.TryRecv(), std::runtime_error);
      Thrower::throws = false;
      LetOthersRun();
      EXPECT_EQ(c.TryRecv()->v, 7);
      wg.Wait();
    });
    EXPECT_EQ(Thrower::alive, 0);
  }
}

// The receiver gets the head; that the blocked sender's move to the tail threw
// is for the sender to see, who tries again.
TEST(ValuesTest, ATailThatThrowsIsTheSendersAffair) {
  struct ThrowsOnce {
    static int& Left() {
      static int left = 0;
      return left;
    }
    int v;
    explicit ThrowsOnce(int v) : v(v) {}
    ThrowsOnce(ThrowsOnce&& other) : v(other.v) {  // NOLINT: may throw
      if (v == 2 && Left() > 0 && --Left() == 0) throw std::runtime_error("2");
    }
    ~ThrowsOnce() = default;
  };
  heddle::Run(Quiet(), [] {
    const Chan<ThrowsOnce> c(1);
    c.Send(ThrowsOnce(1));
    WaitGroup wg;
    wg.Go([c] { c.Send(ThrowsOnce(2)); });
    LetOthersRun();
    ThrowsOnce::Left() = 1;
    EXPECT_EQ(c.Recv()->v, 1);
    EXPECT_EQ(ThrowsOnce::Left(), 0);
    wg.Wait();
    EXPECT_EQ(c.Recv()->v, 2);
  });
}

}  // namespace
}  // namespace heddle
