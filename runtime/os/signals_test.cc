#include "heddle/runtime/os/signals.h"

#include <signal.h>

#include "gtest/gtest.h"

namespace heddle::os {
namespace {

sigset_t CurrentMask() {
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return mask;
}

TEST(SignalsTest, BlocksAllAndRestores) {
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  SetSignalMask(usr1);
  {
    const ScopedBlockAllSignals block;
    const sigset_t now = CurrentMask();
    for (const int signal : {SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGRTMAX}) {
      EXPECT_TRUE(sigismember(&now, signal)) << signal;
    }
    EXPECT_FALSE(sigismember(&now, SIGKILL));
    EXPECT_TRUE(sigismember(&block.previous(), SIGUSR1));
    EXPECT_FALSE(sigismember(&block.previous(), SIGUSR2));
  }
  const sigset_t after = CurrentMask();
  EXPECT_TRUE(sigismember(&after, SIGUSR1));
  EXPECT_FALSE(sigismember(&after, SIGUSR2));
}

TEST(SignalsTest, ASignalWaitsUntilTheScopeEnds) {
  sigset_t none;
  sigemptyset(&none);
  SetSignalMask(none);
  static volatile sig_atomic_t handled;
  handled = 0;
  signal(SIGUSR2, [](int) { handled = 1; });
  {
    const ScopedBlockAllSignals outer;
    {
      const ScopedBlockAllSignals inner;
      raise(SIGUSR2);
    }
    EXPECT_EQ(handled, 0) << "the inner scope restored the outer one's mask";
  }
  EXPECT_EQ(handled, 1);
  signal(SIGUSR2, SIG_DFL);
}

}  // namespace
}  // namespace heddle::os
