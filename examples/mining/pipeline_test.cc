#include "examples/mining/pipeline.h"

#include <bit>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle::mining {
namespace {

// Run returns when every goroutine has ended: a stage that is left would hang.
TEST(PipelineTest, FindsANonceAndEndsItsGoroutines) {
  for (const int workers : {1, 4}) {
    for (uint64_t seed = 0; seed < 5; seed++) {
      heddle::Run({.procs = 2, .randomize = true, .seed = seed}, [workers] {
        const absl::StatusOr<Coin> coin =
            Mine(Context::Background(), "text", 12, workers);
        ASSERT_TRUE(coin.ok()) << coin.status();
        EXPECT_EQ(coin->hash, Hash("text", coin->nonce));
        EXPECT_GE(std::countl_zero(coin->hash), 12);
      });
    }
  }
}

TEST(PipelineTest, EveryNonceWillDoForNoZeros) {
  heddle::Run([] {
    const absl::StatusOr<Coin> coin = Mine(Context::Background(), "text", 0, 1);
    ASSERT_TRUE(coin.ok());
    EXPECT_EQ(coin->nonce, 0);
  });
}

TEST(PipelineTest, EndsWhenItIsCancelled) {
  heddle::Run([] {
    const auto [ctx, cancel] = WithCancel(Context::Background());
    Go([cancel = cancel] { cancel(); });
    // 1 in 2^63: it would not be found.
    EXPECT_TRUE(absl::IsCancelled(Mine(ctx, "text", 63, 2).status()));
  });
}

TEST(PipelineTest, EndsAtItsDeadline) {
  heddle::Run([] {
    const auto [ctx, cancel] =
        WithTimeout(Context::Background(), absl::Milliseconds(5));
    EXPECT_TRUE(absl::IsDeadlineExceeded(Mine(ctx, "text", 63, 2).status()));
    cancel();
  });
}

TEST(HashTest, DependsOnTheTextAndTheNonce) {
  EXPECT_NE(Hash("a", 1), Hash("b", 1));
  EXPECT_NE(Hash("a", 1), Hash("a", 2));
  EXPECT_NE(Hash("a", 0), Hash("a", uint64_t{1} << 63));
}

}  // namespace
}  // namespace heddle::mining
