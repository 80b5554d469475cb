#include "runtime/stack/span.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "gtest/gtest.h"
#include "runtime/stack/canary.h"
#include "runtime/stack/memory.h"
#include "runtime/stack/stack.h"

namespace heddle::stack {
namespace {

constexpr GuardKind kKind = GuardKind::kMadvise;

TEST(Span, CutsAsManyStacksAsItHolds) {
  for (int order = 0; order < kNumOrders; order++) {
    Span* const span = Span::New(order);
    ASSERT_NE(span, nullptr);
    EXPECT_TRUE(span->empty());
    const uintptr_t base = span->base();
    EXPECT_EQ(base % kSpanSize, 0);
    const size_t guard = HasGuard(SizeOf(order)) ? PageSize() : 0;
    uintptr_t end = base;
    std::vector<Stack> stacks;
    while (!span->full()) {
      const Stack stack = span->Take(kKind);
      ASSERT_TRUE(stack);
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

// Whether the kernel may read the byte at `address`.
bool IsReadable(uintptr_t address) {
  int fds[2];
  if (pipe(fds) != 0) return false;
  // Not by write(), which sanitizers look at.
  const long n = syscall(SYS_write, fds[1], address, 1);
  const int error = errno;
  close(fds[0]);
  close(fds[1]);
  EXPECT_TRUE(n == 1 || error == EFAULT) << error;
  return n == 1;
}

// By whichever call it came, each alone or with others.
TEST(Span, EachStackHasItsGuard) {
  for (GuardKind kind : {GuardKind::kMadvise, GuardKind::kMprotect}) {
    Span* const span = Span::New(OrderOf(kDefaultStack));
    ASSERT_NE(span, nullptr);
    while (!span->full()) {
      const Stack stack = span->Take(kind);
      ASSERT_TRUE(stack);
      EXPECT_TRUE(IsReadable(stack.lo));
      EXPECT_TRUE(IsReadable(stack.hi - 1));
      EXPECT_FALSE(IsReadable(stack.lo - 1));
      EXPECT_FALSE(IsReadable(stack.lo - PageSize()));
    }
    EXPECT_GT(span->num_slots(), 2 * kMaxGuardsAtOnce - 8)
        << "not all batches are as large as they may be";
    span->Delete();
  }
}

TEST(Span, CutsOnlyWhenNothingIsFree) {
  Span* const span = Span::New(kNumOrders - 1);
  ASSERT_NE(span, nullptr);
  EXPECT_EQ(span->num_cut(), 0);
  const Stack a = span->Take(kKind);
  const Stack b = span->Take(kKind);
  EXPECT_EQ(span->num_cut(), 2);
  span->Put(a);
  span->Put(b);
  EXPECT_EQ(span->Take(kKind), a) << "the lowest first";
  EXPECT_EQ(span->Take(kKind), b);
  EXPECT_EQ(span->num_cut(), 2);
  span->Delete();
}

TEST(Span, GivesTheMemoryOfFreeStacksBack) {
  Span* const span = Span::New(OrderOf(kDefaultStack));
  ASSERT_NE(span, nullptr);
  std::vector<Stack> stacks;
  for (int i = 0; i < 4; i++) {
    stacks.push_back(span->Take(kKind));
    *reinterpret_cast<char*>(stacks.back().hi - 1) = 1;
  }
  for (int i = 1; i < 4; i++) span->Put(stacks[i]);
  EXPECT_EQ(span->num_cached(), 3);
  EXPECT_EQ(span->Return(2), 2);
  EXPECT_EQ(span->num_cached(), 1);
  EXPECT_EQ(span->num_returned(), 2);
  // What has memory is used first.
  for (int i = 1; i < 4; i++) {
    ASSERT_EQ(span->Take(kKind), stacks[i]);
    EXPECT_EQ(*reinterpret_cast<char*>(stacks[i].hi - 1), i == 1);
  }
  EXPECT_EQ(*reinterpret_cast<char*>(stacks[0].hi - 1), 1) << "in use";
  EXPECT_EQ(span->Return(10), 0);
  span->Delete();
}

// They share pages.
TEST(Span, SmallStacksGiveBackTogether) {
  Span* const span = Span::New(0);
  ASSERT_NE(span, nullptr);
  const Stack a = span->Take(kKind);
  const Stack b = span->Take(kKind);
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
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  Span* const span = Span::New(kNumOrders - 1);
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
  Span* const a = Span::New(kOrder);
  Span* const b = Span::New(kOrder);
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
