#include "heddle/runtime/stack/span_space.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <set>

#include "gtest/gtest.h"
#include "heddle/runtime/stack/memory.h"

namespace heddle::stack {
namespace {

// Whether all of [start, start + size) is mapped.
bool IsMapped(void* start, size_t size) {
  return madvise(start, size, MADV_NORMAL) == 0;
}

TEST(SpanSpace, AsManyAtOnceAsThereAre) {
  SpanSpace space;
  EXPECT_EQ(space.bytes_ahead(), 0u);
  std::set<void*> spans;
  size_t mapped = 0;
  while (spans.size() < 4 * SpanSpace::kMostAtOnce) {
    if (space.bytes_ahead() == 0) {
      mapped += std::clamp(spans.size(), size_t{1}, SpanSpace::kMostAtOnce);
    }
    void* const span = space.Take(spans.size());
    ASSERT_NE(span, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(span) % kSpanSize, 0u);
    EXPECT_TRUE(spans.insert(span).second);
    EXPECT_TRUE(IsMapped(span, kSpanSize));
    EXPECT_EQ(space.bytes_ahead(), (mapped - spans.size()) * kSpanSize);
  }
  for (void* span : spans) Unmap(span, kSpanSize);
}

TEST(SpanSpace, ItsEndUnmapsWhatIsLeft) {
  constexpr size_t kTaken = 5;  // of 8: 1, 1, 2, 4
  void* spans[kTaken];
  {
    SpanSpace space;
    for (size_t i = 0; i < kTaken; i++) spans[i] = space.Take(i);
    EXPECT_EQ(space.bytes_ahead(), 3 * kSpanSize);
  }
  // The one after the fifth was mapped with it.
  char* const after = static_cast<char*>(spans[kTaken - 1]) + kSpanSize;
  EXPECT_FALSE(IsMapped(after, 3 * kSpanSize));
  for (void* span : spans) {
    EXPECT_TRUE(IsMapped(span, kSpanSize));
    Unmap(span, kSpanSize);
  }
}

}  // namespace
}  // namespace heddle::stack
