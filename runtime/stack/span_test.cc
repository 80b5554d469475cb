#include "heddle/runtime/stack/span.h"

#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/stack/canary.h"
#include "heddle/runtime/stack/memory.h"
#include "heddle/runtime/stack/stack.h"

namespace heddle::stack {
namespace {

TEST(Span, CutsAsManyStacksAsItHolds) {
  SpanSpace space;
  for (int order = 0; order < kNumOrders; order++) {
    Span* const span = Span::New(&space, order);
    ASSERT_NE(span, nullptr);
    EXPECT_TRUE(span->empty());
    const uintptr_t base = span->base();
    EXPECT_EQ(base % kSpanSize, 0);
    const size_t guard = HasGuard(SizeOf(order)) ? PageSize() : 0;
    uintptr_t end = base;
    std::vector<Stack> stacks;
    while (!span->full()) {
      const auto [stack, fresh] = span->Take(/*guarded=*/true);
      ASSERT_TRUE(stack);
      EXPECT_TRUE(fresh);
      EXPECT_EQ(Span::GuardOf(stack), stack.lo - PageSize());
      EXPECT_EQ(stack.size(), SizeOf(order));
      EXPECT_EQ(stack.lo, end + guard) << "no room for the guard";
      EXPECT_EQ(Span::BaseOf(stack), base);
      end = stack.hi;
      stacks.push_back(stack);
    }
    EXPECT_EQ(stacks.size(), span->num_slots());
    EXPECT_EQ(span->num_guarded(), guard == 0 ? 0 : stacks.size());
    EXPECT_LE(end, base + kSpanSize);
    EXPECT_GT(end + guard + SizeOf(order), base + kSpanSize);
    for (const Stack& stack : stacks) span->Put(stack);
    EXPECT_TRUE(span->empty());
    span->Delete();
  }
}

TEST(Span, CountsThoseThatAreGuarded) {
  SpanSpace space;
  Span* const span = Span::New(&space, OrderOf(kDefaultStack));
  ASSERT_NE(span, nullptr);
  span->Take(/*guarded=*/true);
  const Stack stack = span->Take(/*guarded=*/true).stack;
  span->Take(/*guarded=*/false);
  EXPECT_EQ(span->num_guarded(), 2u);
  span->NoteUnguarded();
  EXPECT_EQ(span->num_guarded(), 1u);
  span->Put(stack);
  span->Take(/*guarded=*/true);  // not fresh
  EXPECT_EQ(span->num_guarded(), 1u);
  span->Delete();
}

TEST(Span, CutsOnlyWhenNothingIsFree) {
  SpanSpace space;
  Span* const span = Span::New(&space, kNumOrders - 1);
  ASSERT_NE(span, nullptr);
  EXPECT_EQ(span->num_cut(), 0);
  const Stack a = span->Take(/*guarded=*/true).stack;
  const Stack b = span->Take(/*guarded=*/true).stack;
  EXPECT_EQ(span->num_cut(), 2);
  span->Put(a);
  span->Put(b);
  const Span::Taken again = span->Take(/*guarded=*/true);
  EXPECT_EQ(again.stack, a) << "the lowest first";
  EXPECT_FALSE(again.fresh);
  EXPECT_EQ(span->Take(/*guarded=*/true).stack, b);
  EXPECT_EQ(span->num_cut(), 2);
  span->Delete();
}

TEST(Span, GivesTheMemoryOfFreeStacksBack) {
  SpanSpace space;
  Span* const span = Span::New(&space, OrderOf(kDefaultStack));
  ASSERT_NE(span, nullptr);
  std::vector<Stack> stacks;
  for (int i = 0; i < 4; i++) {
    stacks.push_back(span->Take(/*guarded=*/true).stack);
    *reinterpret_cast<char*>(stacks.back().hi - 1) = 1;
  }
  for (int i = 1; i < 4; i++) span->Put(stacks[i]);
  EXPECT_EQ(span->num_cached(), 3);
  EXPECT_EQ(span->Return(2), 2);
  EXPECT_EQ(span->num_cached(), 1);
  EXPECT_EQ(span->num_returned(), 2);
  // What has memory is used first.
  for (int i = 1; i < 4; i++) {
    ASSERT_EQ(span->Take(/*guarded=*/true).stack, stacks[i]);
    EXPECT_EQ(*reinterpret_cast<char*>(stacks[i].hi - 1), i == 1);
  }
  EXPECT_EQ(*reinterpret_cast<char*>(stacks[0].hi - 1), 1) << "in use";
  EXPECT_EQ(span->Return(10), 0);
  span->Delete();
}

// They share pages.
TEST(Span, SmallStacksGiveBackTogether) {
  SpanSpace space;
  Span* const span = Span::New(&space, 0);
  ASSERT_NE(span, nullptr);
  const Stack a = span->Take(/*guarded=*/true).stack;
  const Stack b = span->Take(/*guarded=*/true).stack;
  EXPECT_EQ(b.lo, a.hi);
  *reinterpret_cast<char*>(a.lo) = 1;
  span->Put(a);
  EXPECT_EQ(span->Return(10), 0);
  span->Put(b);
  EXPECT_EQ(span->Return(1), 0);
  EXPECT_EQ(span->Return(10), 2);
  EXPECT_EQ(*reinterpret_cast<char*>(a.lo), 0);
  span->Delete();
}

using SpanDeathTest = testing::Test;

TEST(SpanDeathTest, PutChecksThatTheStackIsOut) {
  SpanSpace space;
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  Span* const span = Span::New(&space, kNumOrders - 1);
  ASSERT_NE(span, nullptr);
  const Stack a = span->Take(/*guarded=*/true).stack;
  const Stack b = span->Take(/*guarded=*/true).stack;
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
  SpanSpace space;
  constexpr int kOrder = kNumOrders - 1;
  SpanList list;
  EXPECT_EQ(list.available(), nullptr);
  Span* const a = Span::New(&space, kOrder);
  Span* const b = Span::New(&space, kOrder);
  ASSERT_NE(a, nullptr);
  ASSERT_NE(b, nullptr);
  list.PushFront(a);
  EXPECT_EQ(list.available(), a);
  Stack last;
  while (!a->full()) last = a->Take(/*guarded=*/true).stack;
  list.BecameFull(a);
  EXPECT_EQ(list.available(), nullptr);
  list.PushFront(b);
  EXPECT_EQ(list.available(), b);
  while (!b->full()) b->Take(/*guarded=*/true);
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
