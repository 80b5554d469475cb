// What reports tell of goroutines that wait for channels, and that a deadlock
// of theirs is found.

#include <string>

#include "gtest/gtest.h"
#include "heddle/heddle.h"
#include "heddle/runtime/chan/shapes_for_test.h"

namespace heddle {
namespace {

// Waits, in a goroutine of that name, as `wait` does.
template <typename F>
void Start(std::string_view name, F wait) {
  Go({.name = name}, [wait] { wait(); });
}

TEST(ChanReportTest, WaitReasons) {
  std::string all;
  heddle::Run(Options{.procs = 1, .on_main_return = OnMainReturn::kAbandon},
              [&all] {
                // For good, and not until the process exits: what is
                // abandoned refers to them, and nothing orders that before.
                static const Chan<int>& empty = *new Chan<int>;
                static const Chan<int>& full = *new Chan<int>;
                const auto nil = [] { return Chan<int>::Nil(); };
                Go([] { empty.Recv(); });
                Go([] { full.Send(1); });
                Go([nil] { nil().Recv(); });
                Go([nil] { nil().Send(1); });
                Go([] { Select(RecvFrom(empty), SendTo(full, 1)); });
                Go([nil] { Select(RecvFrom(nil())); });
                Go([] { Select(); });
                LetOthersRun();
                all = debug::AllStacks();
              });
  for (const char* reason :
       {"[chan receive]:", "[chan send]:", "[chan receive (nil chan)]:",
        "[chan send (nil chan)]:", "[select]:", "[select (no cases)]:"}) {
    EXPECT_NE(all.find(reason), std::string::npos) << reason << " in\n" << all;
  }
}

Options FindsDeadlocks() {
  return {.procs = 2, .deadlock = DeadlockCheck::kAlways};
}

TEST(ChanDeadlockDeathTest, Receive) {
  EXPECT_DEATH(heddle::Run(FindsDeadlocks(), [] { Chan<int>().Recv(); }),
               "all goroutines are asleep - deadlock!(.|\n)*chan receive");
}

TEST(ChanDeadlockDeathTest, Select) {
  EXPECT_DEATH(heddle::Run(FindsDeadlocks(),
                           [] {
                             const Chan<int> a;
                             const Chan<int> b;
                             Select(RecvFrom(a), SendTo(b, 1));
                           }),
               "all goroutines are asleep - deadlock!(.|\n)*select");
}

TEST(ChanDeadlockDeathTest, NilChannel) {
  EXPECT_DEATH(
      heddle::Run(FindsDeadlocks(), [] { Chan<int>::Nil().Send(1); }),
      "all goroutines are asleep - deadlock!(.|\n)*chan send \\(nil chan\\)");
}

}  // namespace
}  // namespace heddle
