#include "heddle/runtime/stack/memory.h"

#include <errno.h>

#include <csignal>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::stack {
namespace {

TEST(Map, GivesAlignedZeroedMemory) {
  constexpr size_t kSize = size_t{1} << 20;
  std::vector<void*> blocks;
  for (int i = 0; i < 20; i++) {
    // A page in between breaks the alignment that neighbours would have.
    blocks.push_back(Map(kSize, kSize));
    ASSERT_NE(blocks.back(), nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks.back()) % kSize, 0u);
    auto* const bytes = static_cast<char*>(blocks.back());
    EXPECT_EQ(bytes[0], 0);
    EXPECT_EQ(bytes[kSize - 1], 0);
    bytes[0] = bytes[kSize - 1] = 1;
    void* const spacer = Map(PageSize(), PageSize());
    ASSERT_NE(spacer, nullptr);
    Unmap(spacer, PageSize());
  }
  for (void* block : blocks) Unmap(block, kSize);
}

TEST(Map, LeavesErrnoWhenItFails) {
  errno = 0;
  EXPECT_EQ(Map(size_t{1} << 60, PageSize()), nullptr);
  EXPECT_EQ(errno, ENOMEM);
  errno = 0;
  // The memory would be there, but not with what the alignment needs.
  EXPECT_EQ(Map(PageSize(), size_t{1} << 60), nullptr);
  EXPECT_EQ(errno, ENOMEM);
}

TEST(GiveBack, LosesTheContents) {
  const size_t size = 4 * PageSize();
  auto* const bytes = static_cast<char*>(Map(size, PageSize()));
  ASSERT_NE(bytes, nullptr);
  bytes[0] = bytes[size - 1] = 1;
  const auto lo = reinterpret_cast<uintptr_t>(bytes);
  GiveBack(lo, lo + 3 * PageSize());
  EXPECT_EQ(bytes[0], 0);
  EXPECT_EQ(bytes[size - 1], 1);
  Unmap(bytes, size);
}

class GuardDeathTest : public testing::TestWithParam<GuardKind> {};

INSTANTIATE_TEST_SUITE_P(Guards, GuardDeathTest,
                         testing::Values(GuardKind::kMadvise,
                                         GuardKind::kMprotect));

TEST_P(GuardDeathTest, StopsReadsAndWritesOfItsPageOnly) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  auto* const bytes =
      static_cast<volatile char*>(Map(3 * PageSize(), PageSize()));
  ASSERT_NE(bytes, nullptr);
  const auto lo = reinterpret_cast<uintptr_t>(bytes);
  ASSERT_EQ(InstallGuard(GetParam(), lo + PageSize()), 0);
  bytes[PageSize() - 1] = 1;
  bytes[2 * PageSize()] = 1;
  for (size_t at : {PageSize(), 2 * PageSize() - 1}) {
    if (sanitizer::kAsan || sanitizer::kTsan) {
      EXPECT_DEATH(bytes[at] = 1, "SEGV");
    } else {
      EXPECT_EXIT(bytes[at] = 1, testing::KilledBySignal(SIGSEGV), "");
      EXPECT_EXIT(static_cast<void>(bytes[at]),
                  testing::KilledBySignal(SIGSEGV), "");
    }
  }
  Unmap(const_cast<char*>(bytes), 3 * PageSize());
}

TEST(InstallGuards, TellsHowManyItGot) {
  constexpr size_t kPages = 6;
  auto* const bytes = static_cast<char*>(Map(kPages * PageSize(), PageSize()));
  ASSERT_NE(bytes, nullptr);
  const auto lo = reinterpret_cast<uintptr_t>(bytes);
  const uintptr_t pages[] = {lo + 3 * PageSize(), lo + PageSize(),
                             lo + 5 * PageSize()};
  const size_t got = InstallGuards(pages, 3);
  EXPECT_TRUE(got == 3 || got == 0) << got;
  for (size_t page = 0; page < kPages; page += 2) bytes[page * PageSize()] = 1;
  // The last one is not mapped.
  Unmap(bytes + 5 * PageSize(), PageSize());
  EXPECT_EQ(InstallGuards(pages, 3), got == 0 ? 0 : 2);
  EXPECT_EQ(InstallGuards(&pages[2], 1), 0);
  Unmap(bytes, 5 * PageSize());
}

TEST(InstallGuard, SaysWhyItFailed) {
  auto* const bytes = static_cast<char*>(Map(PageSize(), PageSize()));
  ASSERT_NE(bytes, nullptr);
  Unmap(bytes, PageSize());
  for (GuardKind kind : {GuardKind::kMadvise, GuardKind::kMprotect}) {
    EXPECT_EQ(InstallGuard(kind, reinterpret_cast<uintptr_t>(bytes)), ENOMEM);
  }
}

TEST(UnmapDeathTest, AWrongAddressIsFatal) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(Unmap(reinterpret_cast<void*>(1), PageSize()),
               "munmap\\(0x1, .*fatal error: stack: cannot unmap a stack");
}

}  // namespace
}  // namespace heddle::stack
