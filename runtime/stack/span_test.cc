#include "runtime/stack/span.h"

#include <vector>

#include "gtest/gtest.h"
#include "runtime/stack/memory.h"
#include "runtime/stack/stack.h"

namespace heddle::stack {
namespace {

constexpr GuardKind kKind = GuardKind::kMadvise;

TEST(Span, CutsAsManyStacksAsItHolds) {
  for (int order = OrderOf(PageSize()); order < kNumOrders; order++) {
    Span* const span = Span::New(nullptr, order);
    ASSERT_NE(span, nullptr);
    EXPECT_TRUE(span->empty());
    const auto base = reinterpret_cast<uintptr_t>(span);
    uintptr_t end = base + PageSize();  // of the header
    std::vector<Stack> stacks;
    while (!span->full()) {
      const Stack stack = span->Take(kKind);
      ASSERT_TRUE(stack);
      EXPECT_EQ(stack.size(), SizeOf(order));
      EXPECT_EQ(stack.lo, end + PageSize()) << "no room for the guard";
      EXPECT_EQ(Span::Of(stack), span);
      end = stack.hi;
      stacks.push_back(stack);
    }
    EXPECT_EQ(static_cast<int>(stacks.size()), span->num_slots());
    EXPECT_LE(end, base + kSpanSize);
    EXPECT_GT(end + PageSize() + SizeOf(order), base + kSpanSize);
    for (const Stack& stack : stacks) span->Put(stack);
    EXPECT_TRUE(span->empty());
    span->Delete();
  }
}

TEST(Span, CutsOnlyWhenNothingIsFree) {
  Span* const span = Span::New(nullptr, kNumOrders - 1);
  ASSERT_NE(span, nullptr);
  EXPECT_EQ(span->num_cut(), 0);
  const Stack a = span->Take(kKind);
  const Stack b = span->Take(kKind);
  EXPECT_EQ(span->num_cut(), 2);
  span->Put(a);
  span->Put(b);
  EXPECT_EQ(span->Take(kKind), b);
  EXPECT_EQ(span->Take(kKind), a);
  EXPECT_EQ(span->num_cut(), 2);
  span->Delete();
}

using SpanDeathTest = testing::Test;

TEST(SpanDeathTest, PutChecksThatTheStackIsOut) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  Span* const span = Span::New(nullptr, kNumOrders - 1);
  ASSERT_NE(span, nullptr);
  const Stack a = span->Take(kKind);
  const Stack b = span->Take(kKind);
  const size_t page = PageSize();
  span->Put(b);
  constexpr char kText[] = "fatal error: stack: free of a stack that is not";
  EXPECT_DEATH(span->Put(b), kText);                               // free
  EXPECT_DEATH(span->Put({a.lo + page, a.hi + page}), kText);      // shifted
  EXPECT_DEATH(span->Put({b.hi + page, b.hi + page + 1}), kText);  // not cut
  EXPECT_DEATH(span->Put({a.lo - page, a.hi - page}), kText);      // the guard
  span->Delete();
}

TEST(SpanList, KeepsFullSpansBehind) {
  constexpr int kOrder = kNumOrders - 1;
  SpanList list;
  EXPECT_EQ(list.available(), nullptr);
  Span* const a = Span::New(nullptr, kOrder);
  Span* const b = Span::New(nullptr, kOrder);
  ASSERT_NE(a, nullptr);
  ASSERT_NE(b, nullptr);
  list.PushFront(a);
  EXPECT_EQ(list.available(), a);
  Stack last;
  while (!a->full()) last = a->Take(kKind);
  list.BecameFull(a);
  EXPECT_EQ(list.available(), nullptr);
  list.PushFront(b);
  EXPECT_EQ(list.available(), b);
  while (!b->full()) b->Take(kKind);
  list.BecameFull(b);
  EXPECT_EQ(list.available(), nullptr);
  a->Put(last);
  list.BecameAvailable(a);
  EXPECT_EQ(list.available(), a);
  list.Remove(a);
  EXPECT_EQ(list.head(), b);
  list.Remove(b);
  EXPECT_EQ(list.head(), nullptr);
  a->Delete();
  b->Delete();
}

}  // namespace
}  // namespace heddle::stack
