#include <string>
#include <thread>  // NOLINT

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

Options OneP() { return {.procs = 1}; }

TEST(GoLabelsTest, APlainThreadHasNone) {
  SetLabels({{"a", "1"}});
  EXPECT_TRUE(GetLabels().empty());
}

TEST(GoLabelsTest, AGoroutineBeginsWithNone) {
  heddle::Run(OneP(), [] {
    EXPECT_TRUE(GetLabels().empty());
    WaitGroup wg;
    wg.Go([] { EXPECT_TRUE(GetLabels().empty()); });
    wg.Wait();
  });
}

TEST(GoLabelsTest, InheritedAtTheStart) {
  heddle::Run(OneP(), [] {
    SetLabels({{"request", "7"}});
    WaitGroup wg;
    wg.Go([&wg] {
      EXPECT_THAT(GetLabels(), ElementsAre(Pair("request", "7")));
      // Its own from now on, and its children's.
      SetLabels(GetLabels().With({{"step", "2"}}));
      wg.Go([] {
        EXPECT_THAT(GetLabels(),
                    ElementsAre(Pair("request", "7"), Pair("step", "2")));
      });
    });
    // After the start: the child keeps what was.
    SetLabels({{"request", "8"}});
    wg.Wait();
    EXPECT_THAT(GetLabels(), ElementsAre(Pair("request", "8")));
    SetLabels({});
    wg.Go([] { EXPECT_TRUE(GetLabels().empty()); });
    wg.Wait();
  });
}

TEST(GoLabelsTest, NotBySystemGoroutines) {
  heddle::Run(OneP(), [] {
    SetLabels({{"a", "1"}});
    WaitGroup wg;
    wg.Add(1);
    Go({.system = true}, [&] {
      EXPECT_TRUE(GetLabels().empty());
      wg.Done();
    });
    wg.Wait();
  });
}

// A G that is used again has not those of the goroutine that it was before.
TEST(GoLabelsTest, TheyEndWithTheGoroutine) {
  heddle::Run(OneP(), [] {
    for (int i = 0; i < 2; i++) {
      WaitGroup wg;
      wg.Go([] {
        EXPECT_TRUE(GetLabels().empty());
        SetLabels({{"a", "1"}});
      });
      wg.Wait();
    }
  });
}

TEST(GoLabelsTest, FromAThreadOutside) {
  Runtime runtime(OneP());
  runtime.Run([&] {
    SetLabels({{"a", "1"}});
    WaitGroup wg;
    wg.Add(1);
    std::thread([&] {
      runtime.Go([&] {
        EXPECT_TRUE(GetLabels().empty());
        wg.Done();
      });
    }).join();
    wg.Wait();
  });
}

// The labels are a goroutine's, on whatever thread it goes on.
TEST(GoLabelsTest, AcrossThreads) {
  heddle::Run({.procs = 2, .migrate_always = true}, [] {
    WaitGroup wg;
    for (int i = 0; i < 10; i++) {
      wg.Go([i] {
        SetLabels({{"i", std::to_string(i)}});
        for (int j = 0; j < 10; j++) {
          Yield();
          ASSERT_EQ(GetLabels().Find("i"), std::to_string(i));
        }
      });
    }
    wg.Wait();
  });
}

TEST(GoLabelsTest, InABlockingCall) {
  heddle::Run(OneP(), [] {
    SetLabels({{"a", "1"}});
    Blocking([] { EXPECT_THAT(GetLabels(), ElementsAre(Pair("a", "1"))); });
  });
}

}  // namespace
}  // namespace heddle
