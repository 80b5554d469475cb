#include "heddle/runtime/sched/wait_reason.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace heddle::sched {
namespace {

TEST(WaitReasonTest, TextsAreGos) {
  EXPECT_STREQ(WaitReasonText(WaitReason::kZero), "");
  EXPECT_STREQ(WaitReasonText(WaitReason::kMutexLock), "sync.Mutex.Lock");
  EXPECT_STREQ(WaitReasonText(WaitReason::kSemacquire), "semacquire");
  EXPECT_STREQ(WaitReasonText(WaitReason::kSleep), "sleep");
  EXPECT_STREQ(WaitReasonText(WaitReason::kStoppingTheWorld),
               "stopping the world");
  EXPECT_STREQ(WaitReasonText(WaitReason::kChanReceive), "chan receive");
  EXPECT_STREQ(WaitReasonText(WaitReason::kChanSend), "chan send");
  EXPECT_STREQ(WaitReasonText(WaitReason::kChanReceiveNilChan),
               "chan receive (nil chan)");
  EXPECT_STREQ(WaitReasonText(WaitReason::kChanSendNilChan),
               "chan send (nil chan)");
  EXPECT_STREQ(WaitReasonText(WaitReason::kSelect), "select");
  EXPECT_STREQ(WaitReasonText(WaitReason::kSelectNoCases), "select (no cases)");
}

TEST(WaitReasonTest, AnUnknownReasonIsSaidToBeOne) {
  EXPECT_STREQ(WaitReasonText(static_cast<WaitReason>(255)),
               "unknown wait reason");
}

// Reasons are not reused, so no two of them read the same, and the numbers
// have no gap. Holds for whatever is added.
TEST(WaitReasonTest, EachReasonHasATextOfItsOwn) {
  std::set<std::string> texts;
  int reasons = 0;
  bool ended = false;
  for (int i = 0; i < 256; i++) {
    const std::string text = WaitReasonText(static_cast<WaitReason>(i));
    if (text == "unknown wait reason") {
      ended = true;
      continue;
    }
    EXPECT_FALSE(ended) << "a gap before " << text;
    reasons++;
    EXPECT_TRUE(texts.insert(text).second) << text;
  }
  EXPECT_GE(reasons, 10);
}

}  // namespace
}  // namespace heddle::sched
