#include "heddle/runtime/sched/time_histogram.h"

#include <algorithm>
#include <cstdint>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/base/fast_rand.h"

namespace heddle::sched {
namespace {

// The edges by their description in the header, without any bits.
std::vector<int64_t> ModelEdges() {
  std::vector<int64_t> edges;
  for (int64_t part = 0; part < 4; part++) edges.push_back(64 * part);
  for (int64_t begin = 256; begin < (int64_t{1} << 47); begin *= 2) {
    for (int64_t part = 0; part < 4; part++) {
      edges.push_back(begin + part * begin / 4);
    }
  }
  edges.push_back(int64_t{1} << 47);
  return edges;
}

// Where a time is counted: a search in the edges.
size_t ModelIndex(const std::vector<int64_t>& edges, int64_t ns) {
  return static_cast<size_t>(std::upper_bound(edges.begin(), edges.end(), ns) -
                             edges.begin() - 1);
}

TEST(TimeHistogramTest, Edges) {
  const std::vector<int64_t> edges = ModelEdges();
  ASSERT_EQ(edges.size(), kTimeHistCounts + 1);
  for (size_t i = 0; i < edges.size(); i++) {
    EXPECT_EQ(TimeHistEdge(i), edges[i]) << i;
  }
}

void ExpectAt(int64_t ns, size_t index) {
  TimeHistogram h;
  h.Record(ns);
  const TimeHistogramSnapshot s = h.Read();
  EXPECT_EQ(s.count(), 1u);
  if (index < kTimeHistCounts) {
    EXPECT_EQ(s.counts[index], 1u) << ns << " is not at " << index;
  } else {
    EXPECT_EQ(s.overflow, 1u) << ns;
  }
}

TEST(TimeHistogramTest, BothSidesOfEveryEdge) {
  const std::vector<int64_t> edges = ModelEdges();
  for (size_t i = 0; i < edges.size(); i++) {
    ExpectAt(edges[i], i);
    if (i > 0) ExpectAt(edges[i] - 1, i - 1);
  }
}

TEST(TimeHistogramTest, RandomTimesAgreeWithTheModel) {
  const std::vector<int64_t> edges = ModelEdges();
  base::FastRand random(1);
  TimeHistogram h;
  TimeHistogramSnapshot model;
  for (int i = 0; i < 10'000; i++) {
    const auto ns = static_cast<int64_t>(
        ((uint64_t{random.Next()} << 32) | random.Next()) >>
        (random.Below(62) + 1));
    h.Record(ns);
    const size_t at = ModelIndex(edges, ns);
    (at < kTimeHistCounts ? model.counts[at] : model.overflow)++;
  }
  const TimeHistogramSnapshot s = h.Read();
  EXPECT_EQ(s.counts, model.counts);
  EXPECT_EQ(s.overflow, model.overflow);
  EXPECT_EQ(s.count(), 10'000u);
}

TEST(TimeHistogramTest, OutOfRange) {
  TimeHistogram h;
  h.Record(-1);
  h.Record(INT64_MIN);
  h.Record(INT64_MAX);
  const TimeHistogramSnapshot s = h.Read();
  EXPECT_EQ(s.underflow, 2u);
  EXPECT_EQ(s.overflow, 1u);
  EXPECT_EQ(s.count(), 3u);
}

TEST(TimeHistogramTest, Quantiles) {
  TimeHistogram h;
  EXPECT_EQ(h.Read().Quantile(0.5), 0);
  for (int i = 0; i < 90; i++) h.Record(100);
  for (int i = 0; i < 10; i++) h.Record(1000);
  const TimeHistogramSnapshot s = h.Read();
  EXPECT_EQ(s.Quantile(0), 128);
  EXPECT_EQ(s.Quantile(0.5), 128);
  EXPECT_EQ(s.Quantile(0.9), 128);
  EXPECT_EQ(s.Quantile(0.91), 1024);
  EXPECT_EQ(s.Quantile(1), 1024);
  EXPECT_EQ(s.Quantile(2), 1024);
}

TEST(TimeHistogramTest, QuantilesAtTheEnds) {
  TimeHistogram h;
  h.Record(-5);
  h.Record(INT64_MAX);
  EXPECT_EQ(h.Read().Quantile(0.5), 0);
  EXPECT_EQ(h.Read().Quantile(1), INT64_MAX);
}

TEST(TimeHistogramTest, NothingIsLostAmongThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 10'000;
  TimeHistogram h;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&h] {
      for (int i = 0; i < kEach; i++) h.Record(i % 512);
    });
  }
  while (h.Read().count() == 0) std::this_thread::yield();
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(h.Read().count(), uint64_t{kThreads} * kEach);
}

}  // namespace
}  // namespace heddle::sched
