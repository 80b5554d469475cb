#include "heddle/runtime/sched/func_val.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "gtest/gtest.h"

namespace heddle::sched {
namespace {

int plain_calls = 0;
void Plain() { plain_calls++; }
void Noexcept() noexcept { plain_calls++; }

// The place on a new goroutine's stack. Static wherever it is used: g++ 12's
// ASan misaligns over-aligned locals.
struct Place {
  alignas(256) std::byte bytes[1024];
};

void ConstructAndRun(const FuncVal& fv) {
  static Place place;
  ASSERT_NE(fv.ops, nullptr);
  ASSERT_LE(fv.ops->size, sizeof place.bytes);
  ASSERT_LE(fv.ops->align, alignof(Place));
  fv.construct(place.bytes, fv.from);
  fv.ops->run(place.bytes);
}

// Counts the objects that are alive, and those that were made.
struct Counted {
  static inline int alive = 0;
  static inline int copies = 0;
  static inline int moves = 0;
  static void Reset() { alive = copies = moves = 0; }

  Counted() { alive++; }
  Counted(const Counted&) { alive++, copies++; }
  Counted(Counted&&) noexcept { alive++, moves++; }
  ~Counted() { alive--; }
};

class FuncValTest : public testing::Test {
 protected:
  FuncValTest() {
    Counted::Reset();
    plain_calls = 0;
  }
  ~FuncValTest() override { EXPECT_EQ(Counted::alive, 0) << "leaked"; }
};

TEST_F(FuncValTest, RunsAFunction) {
  ConstructAndRun(MakeFuncVal(Plain));
  ConstructAndRun(MakeFuncVal(&Plain));
  ConstructAndRun(MakeFuncVal(Noexcept));
  void (*pointer)() = &Plain;
  ConstructAndRun(MakeFuncVal(pointer));
  void (&reference)() = Plain;
  ConstructAndRun(MakeFuncVal(reference));
  EXPECT_EQ(plain_calls, 5);
}

TEST_F(FuncValTest, AFunctionIsNamedByItsOwnAddress) {
  const auto address = reinterpret_cast<uintptr_t>(&Plain);
  EXPECT_EQ(MakeFuncVal(Plain).pc, address);
  EXPECT_EQ(MakeFuncVal(&Plain).pc, address);
  const auto lambda = [] {};
  EXPECT_NE(MakeFuncVal(lambda).pc, 0u);
  const auto other = [] { plain_calls++; };
  EXPECT_NE(MakeFuncVal(lambda).pc, MakeFuncVal(other).pc);
}

// Issue 2: nil function.
TEST_F(FuncValTest, NilFunction) {
  void (*null)() = nullptr;
  EXPECT_EQ(MakeFuncVal(null).ops, nullptr);
  int (*const null_int)() = nullptr;
  EXPECT_EQ(MakeFuncVal(null_int).ops, nullptr);
  EXPECT_EQ(MakeFuncVal(std::function<void()>()).ops, nullptr);
  EXPECT_EQ(MakeFuncVal(std::function<void()>(null)).ops, nullptr);
  EXPECT_EQ(MakeFuncVal(absl::AnyInvocable<void()>()).ops, nullptr);
  EXPECT_EQ(MakeFuncVal(absl::AnyInvocable<void() &&>(nullptr)).ops, nullptr);
  const std::function<int()> empty;
  EXPECT_EQ(MakeFuncVal(empty).ops, nullptr);
  EXPECT_EQ(FuncVal().ops, nullptr);
}

TEST_F(FuncValTest, WhatHoldsSomethingIsNotNil) {
  ConstructAndRun(MakeFuncVal(std::function<void()>(Plain)));
  ConstructAndRun(MakeFuncVal(absl::AnyInvocable<void()>(Plain)));
  ConstructAndRun(MakeFuncVal(absl::AnyInvocable<void() &&>(Plain)));
  EXPECT_EQ(plain_calls, 3);
}

TEST_F(FuncValTest, ALambdaThatCapturesNothingIsNotNil) {
  ConstructAndRun(MakeFuncVal([] { plain_calls++; }));
  EXPECT_EQ(plain_calls, 1);
}

// Callables that can be made from nullptr and yet know no nil.
struct FromPointer {
  FromPointer(const char* text) : text(text) {}  // NOLINT: implicit, as users'
  void operator()() const { plain_calls++; }
  const char* text;
};
struct FromAnything {
  template <typename T>
  explicit FromAnything(const T&) {}
  void operator()() const { plain_calls++; }
};
struct ComparableFromPointer {
  ComparableFromPointer(const int* at) : at(at) {}  // NOLINT: as above
  bool operator==(const ComparableFromPointer&) const = default;
  void operator()() const { plain_calls++; }
  const int* at;
};

TEST_F(FuncValTest, WhatCanOnlyBeMadeFromNullptrIsNotNil) {
  ConstructAndRun(MakeFuncVal(FromPointer(nullptr)));
  ConstructAndRun(MakeFuncVal(FromAnything(1)));
  ConstructAndRun(MakeFuncVal(ComparableFromPointer(nullptr)));
  ConstructAndRun(MakeFuncVal(std::bind(Plain)));
  std::function<void()> referred = Plain;
  ConstructAndRun(MakeFuncVal(std::ref(referred)));
  EXPECT_EQ(plain_calls, 5);
}

TEST_F(FuncValTest, ARvalueIsMovedOnceAndAnLvalueIsCopiedOnce) {
  auto fn = [counted = Counted()] { plain_calls++; };
  Counted::copies = Counted::moves = 0;
  ConstructAndRun(MakeFuncVal(fn));
  EXPECT_EQ(Counted::copies, 1);
  EXPECT_EQ(Counted::moves, 0);
  const auto& constant = fn;
  ConstructAndRun(MakeFuncVal(constant));
  EXPECT_EQ(Counted::copies, 2);
  ConstructAndRun(MakeFuncVal(std::move(fn)));
  EXPECT_EQ(Counted::copies, 2);
  EXPECT_EQ(Counted::moves, 1);
  EXPECT_EQ(plain_calls, 3);
}

TEST_F(FuncValTest, MoveOnlyCapturesArrive) {
  auto owned = std::make_unique<int>(41);
  int seen = 0;
  auto fn = [owned = std::move(owned), &seen] { seen = *owned + 1; };
  ConstructAndRun(MakeFuncVal(std::move(fn)));
  EXPECT_EQ(seen, 42);
}

TEST_F(FuncValTest, MakingItTouchesNothing) {
  auto fn = [counted = Counted()] {};
  Counted::copies = Counted::moves = 0;
  const FuncVal fv = MakeFuncVal(std::move(fn));
  EXPECT_EQ(fv.from, &fn);
  EXPECT_EQ(Counted::alive, 1);
  EXPECT_EQ(Counted::moves, 0);
}

TEST_F(FuncValTest, IsCalledAsARvalue) {
  struct Once {
    void operator()() && { plain_calls += 100; }
    void operator()() & { FAIL(); }
  };
  ConstructAndRun(MakeFuncVal(Once()));
  EXPECT_EQ(plain_calls, 100);
}

TEST_F(FuncValTest, AResultIsDropped) {
  ConstructAndRun(MakeFuncVal([] { return std::make_unique<int>(1); }));
}

TEST_F(FuncValTest, AnOverAlignedCallableSaysSoAndLiesRight) {
  struct alignas(128) Wide {
    uintptr_t* where;
    void operator()() const { *where = reinterpret_cast<uintptr_t>(this); }
  };
  static uintptr_t where = 0;
  static const Wide wide{&where};
  const FuncVal fv = MakeFuncVal(wide);
  EXPECT_EQ(fv.ops->align, 128u);
  EXPECT_EQ(fv.ops->size, sizeof(Wide));
  ConstructAndRun(fv);
  EXPECT_NE(where, 0u);
  EXPECT_EQ(where % 128, 0u);
}

TEST_F(FuncValTest, RunDestroysTheCallable) {
  int alive_inside = 0;
  {
    auto fn = [counted = Counted(), &alive_inside] {
      alive_inside = Counted::alive;
    };
    ConstructAndRun(MakeFuncVal(std::move(fn)));
    EXPECT_EQ(alive_inside, 2) << "the caller's and the goroutine's";
    EXPECT_EQ(Counted::alive, 1);
  }
}

TEST_F(FuncValTest, DestroyWithoutRunCallsNothing) {
  static Place place;
  {
    auto fn = [counted = Counted()] { FAIL(); };
    const FuncVal fv = MakeFuncVal(std::move(fn));
    fv.construct(place.bytes, fv.from);
    EXPECT_EQ(Counted::alive, 2);
    fv.ops->destroy(place.bytes);
    EXPECT_EQ(Counted::alive, 1);
  }
}

TEST_F(FuncValTest, ARunThatThrowsDestroysTheCallable) {
  {
    auto fn = [counted = Counted()] { throw std::runtime_error("run"); };
    EXPECT_THROW(ConstructAndRun(MakeFuncVal(std::move(fn))),
                 std::runtime_error);
    EXPECT_EQ(Counted::alive, 1);
  }
}

TEST_F(FuncValTest, AConstructionThatThrowsLeavesNothing) {
  struct ThrowsOnCopy {
    ThrowsOnCopy() = default;
    ThrowsOnCopy(const ThrowsOnCopy&) { throw std::runtime_error("copy"); }
    void operator()() const { FAIL(); }
    Counted counted;  // a member that was made is destroyed by the language
  };
  static Place place;
  {
    const ThrowsOnCopy fn;
    const FuncVal fv = MakeFuncVal(fn);
    EXPECT_THROW(fv.construct(place.bytes, fv.from), std::runtime_error);
    EXPECT_EQ(Counted::alive, 1);
  }
}

TEST_F(FuncValTest, OneTypeHasOneTableOfOperations) {
  const auto fn = [] {};
  EXPECT_EQ(MakeFuncVal(fn).ops, MakeFuncVal(fn).ops);
}

}  // namespace
}  // namespace heddle::sched
