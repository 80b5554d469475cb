#include "heddle/runtime/os/alt_stack.h"

#include <signal.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstdint>
#include <thread>  // NOLINT
#include <vector>

#include "gtest/gtest.h"

namespace heddle::os {
namespace {

stack_t Current() {
  stack_t now = {};
  EXPECT_EQ(sigaltstack(nullptr, &now), 0);
  return now;
}

void TakeAway() {
  stack_t none = {};
  none.ss_flags = SS_DISABLE;
  EXPECT_EQ(sigaltstack(&none, nullptr), 0);
}

// Runs `body` in a thread without an alternate stack, and gives the thread what
// it had (a sanitizer's) before it ends.
template <typename F>
void InBareThread(F body) {
  std::thread([&] {
    const stack_t before = Current();
    TakeAway();
    body();
    if ((before.ss_flags & SS_DISABLE) == 0) {
      EXPECT_EQ(sigaltstack(&before, nullptr), 0);
    }
  }).join();
}

// Not whether the page can be touched: whether there is one.
bool Mapped(const void* page) {
  unsigned char resident = 0;
  return mincore(const_cast<void*>(page), 1, &resident) == 0;
}

// Written by a signal handler: where its frame was.
volatile uintptr_t handler_frame;

void NoteFrame(int /*signal*/) {
  handler_frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
}

TEST(AltStackTest, HandlersRunOnIt) {
  struct sigaction action = {};
  action.sa_handler = NoteFrame;
  action.sa_flags = SA_ONSTACK;
  ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
  InBareThread([] {
    AltStack stack;
    stack.Install();
    const stack_t now = Current();
    EXPECT_EQ(now.ss_size, AltStack::kSize);
    ASSERT_EQ(now.ss_flags & SS_DISABLE, 0);
    handler_frame = 0;
    ASSERT_EQ(raise(SIGUSR1), 0);
    const auto lo = reinterpret_cast<uintptr_t>(now.ss_sp);
    EXPECT_GE(handler_frame, lo);
    EXPECT_LT(handler_frame, lo + AltStack::kSize);
    stack.Remove();
  });
}

TEST(AltStackTest, RemoveLeavesNothing) {
  InBareThread([] {
    AltStack stack;
    stack.Install();
    auto* const sp = static_cast<char*>(Current().ss_sp);
    EXPECT_TRUE(Mapped(sp));
    stack.Remove();
    EXPECT_NE(Current().ss_flags & SS_DISABLE, 0);
    EXPECT_FALSE(Mapped(sp));
    EXPECT_FALSE(Mapped(sp + AltStack::kSize - 1));
    stack.Remove();   // nothing to do
    stack.Install();  // and again
    EXPECT_EQ(Current().ss_flags & SS_DISABLE, 0);
    stack.Remove();
  });
}

TEST(AltStackTest, HasAGuardPage) {
  EXPECT_DEATH(InBareThread([] {
                 signal(SIGSEGV, SIG_DFL);
                 AltStack stack;
                 stack.Install();
                 auto* const sp = static_cast<volatile char*>(Current().ss_sp);
                 sp[0] = 1;
                 fputs("the first byte is there\n", stderr);
                 sp[-1] = 1;
                 fputs("and the one before\n", stderr);
                 _exit(0);
               }),
               "the first byte is there\n$");
}

TEST(AltStackTest, AStackOfTheThreadsOwnStays) {
  InBareThread([] {
    std::vector<char> memory(16 << 10);
    stack_t own = {};
    own.ss_sp = memory.data();
    own.ss_size = memory.size();
    ASSERT_EQ(sigaltstack(&own, nullptr), 0);
    AltStack stack;
    stack.Install();
    EXPECT_EQ(Current().ss_sp, own.ss_sp);
    stack.Remove();
    EXPECT_EQ(Current().ss_sp, own.ss_sp);
    TakeAway();
  });
}

TEST(AltStackTest, AStackTakenSinceStays) {
  InBareThread([] {
    AltStack stack;
    stack.Install();
    auto* const ours = static_cast<char*>(Current().ss_sp);
    std::vector<char> memory(16 << 10);
    stack_t own = {};
    own.ss_sp = memory.data();
    own.ss_size = memory.size();
    ASSERT_EQ(sigaltstack(&own, nullptr), 0);
    stack.Remove();
    EXPECT_EQ(Current().ss_sp, own.ss_sp);
    EXPECT_FALSE(Mapped(ours));
    TakeAway();
  });
}

}  // namespace
}  // namespace heddle::os
