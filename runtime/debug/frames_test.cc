#include "heddle/runtime/debug/frames.h"

#include <ucontext.h>

#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace heddle::debug {
namespace {

constexpr int kAll = Frames::kInner + Frames::kOuter;

Frames Numbers(int n) {
  Frames frames;
  for (int i = 0; i < n; i++) frames.Add(1000 + i, /*exact=*/false);
  return frames;
}

std::vector<uintptr_t> Kept(const Frames& frames) {
  std::vector<uintptr_t> kept;
  for (int i = 0; i < frames.size(); i++) kept.push_back(frames[i]);
  return kept;
}

// What Record does.
Frames Again(const Frames& frames) {
  return {Kept(frames).data(), frames.size(), frames.elided()};
}

TEST(FramesTest, KeepsAllOfAFew) {
  for (const int n : {0, 1, Frames::kInner, Frames::kInner + 1, kAll}) {
    const Frames frames = Numbers(n);
    EXPECT_EQ(frames.size(), n);
    EXPECT_EQ(frames.elided(), 0);
    for (int i = 0; i < n; i++) EXPECT_EQ(frames[i], 1000u + i);
  }
}

TEST(FramesTest, KeepsBothEndsOfMany) {
  for (const int n : {kAll + 1, kAll + Frames::kOuter, 12345}) {
    const Frames frames = Numbers(n);
    EXPECT_EQ(frames.size(), kAll);
    EXPECT_EQ(frames.elided(), n - kAll);
    EXPECT_FALSE(frames.cut());
    EXPECT_EQ(frames[Frames::kInner - 1], 1000u + Frames::kInner - 1);
    EXPECT_EQ(frames[Frames::kInner], 1000u + n - Frames::kOuter);
    EXPECT_EQ(frames[kAll - 1], 1000u + n - 1);
  }
}

TEST(FramesTest, CutKeepsTheInnermostAlone) {
  Frames frames = Numbers(12345);
  frames.Cut();
  EXPECT_TRUE(frames.cut());
  EXPECT_EQ(frames.size(), Frames::kInner);
  EXPECT_EQ(frames.elided(), 12345 - Frames::kInner);
  EXPECT_EQ(frames[0], 1000u);
  EXPECT_EQ(frames[Frames::kInner - 1], 1000u + Frames::kInner - 1);
}

TEST(FramesTest, OfWhatAnotherOneGave) {
  for (const int n : {0, Frames::kInner, kAll - 1, kAll, kAll + 77}) {
    for (const bool cut : {false, true}) {
      Frames frames = Numbers(n);
      if (cut) frames.Cut();
      const Frames again = Again(frames);
      EXPECT_EQ(Kept(again), Kept(frames));
      EXPECT_EQ(again.elided(), frames.elided());
      EXPECT_EQ(again.cut(), frames.cut());
    }
  }
}

volatile bool always = true;

[[gnu::noinline]] int Unwinds(int deep, int64_t max, Frames* out) {
  if (deep > 0) return always ? Unwinds(deep - 1, max, out) + 1 : 0;
  ucontext_t context;
  getcontext(&context);
  UnwindContext(&context, out, max);
  return 1;
}

TEST(UnwindContextTest, WalksNoMoreThanItIsTold) {
  Frames frames;
  Unwinds(1000, 500, &frames);
  EXPECT_TRUE(frames.cut());
  EXPECT_EQ(frames.elided(), 500 - Frames::kInner);
  Frames all;
  Unwinds(1000, kMaxWalked, &all);
  EXPECT_FALSE(all.cut());
  EXPECT_GT(all.elided(), 1000 - kAll);
}

}  // namespace
}  // namespace heddle::debug
