#include "heddle/runtime/arch/gobuf.h"

#include <unwind.h>

#include <array>
#include <cfenv>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/runtime/arch/context_for_test.h"
#include "heddle/runtime/sanitizer/fiber.h"
#include "heddle/runtime/sanitizer/sanitizer.h"

namespace heddle::arch {
namespace {

TEST(Gobuf, RunsTheBodyOnItsOwnStack) {
  uintptr_t inside = 0;
  Context context([&](Context& c) {
    inside = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  });
  const uintptr_t top = context.buf().sp + sizeof(SavedFrame);
  context.Resume();
  EXPECT_TRUE(context.done());
  EXPECT_LT(inside, top);
  EXPECT_GT(inside, top - Context::kStackSize);
}

TEST(Gobuf, SwitchesBackAndForthManyTimes) {
  constexpr int kTimes = 100'000;
  int inside = 0;
  Context context([&](Context& c) {
    for (int i = 0; i < kTimes; i++) {
      inside++;
      c.Suspend();
    }
  });
  for (int i = 0; i < kTimes; i++) {
    context.Resume();
    ASSERT_EQ(inside, i + 1);
  }
  EXPECT_FALSE(context.done());
  context.Resume();
  EXPECT_TRUE(context.done());
}

TEST(Gobuf, McallHandsItsRequestToTheGogoThatIsWaiting) {
  int order = 0;
  int ran_at = 0;
  struct Shared {
    int* order;
    int* ran_at;
  } shared{&order, &ran_at};
  Context context([&](Context& c) {
    order = 1;
    c.Suspend(
        [](void* arg) {
          auto* const s = static_cast<Shared*>(arg);
          *s->ran_at = ++*s->order;
        },
        &shared);
    order = 10;
  });
  context.Resume();
  EXPECT_EQ(ran_at, 2);
  context.Resume();
  EXPECT_EQ(order, 10);
}

TEST(Gobuf, KeepsManyContextsApart) {
  constexpr int kContexts = 50;
  std::vector<std::unique_ptr<Context>> contexts;
  std::array<int, kContexts> sums{};
  for (int i = 0; i < kContexts; i++) {
    contexts.push_back(std::make_unique<Context>([&sums, i](Context& c) {
      const std::string name = std::to_string(i);
      for (int round = 0; round < 100; round++) {
        sums[i] += std::stoi(name);
        c.Suspend();
      }
    }));
  }
  for (int round = 0; round <= 100; round++) {
    for (auto& context : contexts) context->Resume();
  }
  for (int i = 0; i < kContexts; i++) {
    EXPECT_TRUE(contexts[i]->done());
    EXPECT_EQ(sums[i], 100 * i);
  }
}

TEST(Gobuf, EntryHasAnAlignedStackWhateverItsTop) {
  for (uintptr_t shift : {0, 1, 8, 15}) {
    std::vector<char> stack(64 << 10);
    Gobuf buf;
    const auto hi = reinterpret_cast<uintptr_t>(stack.data() + stack.size());
    GostartCall(
        &buf, hi - shift, [](void*) {}, nullptr, CurrentFpModes());
    // The outermost frame calls entry with sp at the end of the saved frame.
    EXPECT_EQ((buf.sp + sizeof(SavedFrame)) % 16, 0u);
    EXPECT_LE(buf.sp + sizeof(SavedFrame), hi - shift);
    EXPECT_GT(buf.sp + sizeof(SavedFrame), hi - shift - 16);
  }
}

#if defined(__x86_64__)
// movaps faults on an address that is not a multiple of 16.
TEST(Gobuf, EntryCanUseAlignedMoves) {
  Context context([](Context&) {
    alignas(16) volatile float values[4] = {1, 2, 3, 4};
    asm volatile("movaps %0, %%xmm0\n\tmovaps %%xmm0, %0"
                 : "+m"(values)
                 :
                 : "xmm0");
  });
  context.Resume();
  EXPECT_TRUE(context.done());
}
#endif

TEST(Gobuf, ExceptionsAreThrownAndCaughtInside) {
  std::string caught;
  Context context([&](Context& c) {
    for (int i = 0; i < 3; i++) {
      try {
        throw std::runtime_error("inside " + std::to_string(i));
      } catch (const std::exception& e) {
        caught += e.what();
      }
      c.Suspend();
    }
  });
  while (!context.done()) {
    try {
      context.Resume();
      if (!context.done()) throw std::runtime_error(" outside ");
    } catch (const std::exception& e) {
      caught += e.what();
    }
  }
  EXPECT_EQ(caught, "inside 0 outside inside 1 outside inside 2 outside ");
}

// Two contexts that go on with each other, as goroutines do, with no stop on
// the g0 that began with one of them.
struct Pair {
  Gobuf g0;
  Gobuf side[2];
  std::string trace;
  std::vector<char> stacks[2] = {std::vector<char>(256 << 10),
                                 std::vector<char>(256 << 10)};

  uintptr_t top(int i) {
    return reinterpret_cast<uintptr_t>(stacks[i].data() + stacks[i].size());
  }
};

void TakeTurns(Pair* p, int me) {
  // Lives in callee-saved registers across the switch.
  for (int i = 0; i < 3; i++) {
    p->trace += static_cast<char>('a' + me);
    p->trace += static_cast<char>('0' + i);
    std::fesetround(me == 0 ? FE_UPWARD : FE_DOWNWARD);
    (me == 0 && i == 0 ? Start : Switch)(&p->side[me], &p->side[1 - me]);
    EXPECT_EQ(std::fegetround(), me == 0 ? FE_UPWARD : FE_DOWNWARD);
  }
  Mcall(
      &p->side[me], &p->g0, [](void*) {}, nullptr);
}

TEST(Gobuf, SwitchGoesFromOneContextToAnother) {
  if (sanitizer::kAsan || sanitizer::kTsan) {
    GTEST_SKIP() << "the switch is not announced here";
  }
  ASSERT_EQ(std::fesetround(FE_TONEAREST), 0);
  Pair pair;
  GostartCall(
      &pair.side[0], pair.top(0),
      [](void* p) { TakeTurns(static_cast<Pair*>(p), 0); }, &pair,
      CurrentFpModes());
  GostartCall(
      &pair.side[1], pair.top(1),
      [](void* p) { TakeTurns(static_cast<Pair*>(p), 1); }, &pair,
      CurrentFpModes());
  Gogo(&pair.g0, &pair.side[0]);
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
  EXPECT_EQ(pair.trace, "a0b0a1b1a2b2");
}

// One ends, and goes on as the other, which then goes back to g0.
void EndAsTheOther(Pair* p) {
  p->trace += "ends ";
  std::fesetround(FE_UPWARD);
  Leave(&p->side[1]);
}

TEST(Gobuf, LeaveGoesOnAsAnotherContext) {
  if (sanitizer::kAsan || sanitizer::kTsan) {
    GTEST_SKIP() << "the switch is not announced here";
  }
  ASSERT_EQ(std::fesetround(FE_TONEAREST), 0);
  Pair pair;
  GostartCall(
      &pair.side[0], pair.top(0),
      [](void* p) { EndAsTheOther(static_cast<Pair*>(p)); }, &pair,
      CurrentFpModes());
  GostartCall(
      &pair.side[1], pair.top(1),
      [](void* arg) {
        auto* p = static_cast<Pair*>(arg);
        for (int i = 0; i < 2; i++) {
          p->trace += "waits ";
          std::fesetround(FE_DOWNWARD);
          // The first is new yet.
          Start(&p->side[1], &p->side[0]);
          EXPECT_EQ(std::fegetround(), FE_DOWNWARD);
          p->trace += "goes on ";
          GostartCall(
              &p->side[0], p->top(0),
              [](void* again) { EndAsTheOther(static_cast<Pair*>(again)); }, p,
              CurrentFpModes());
        }
        Mcall(
            &p->side[1], &p->g0, [](void*) {}, nullptr);
      },
      &pair, CurrentFpModes());
  Gogo(&pair.g0, &pair.side[1]);
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
  EXPECT_EQ(pair.trace, "waits ends goes on waits ends goes on ");
}

// The rounding mode lies in mxcsr, the x87 control word, and fpcr.
TEST(Gobuf, FloatingPointControlBelongsToTheContext) {
  ASSERT_EQ(std::fesetround(FE_TONEAREST), 0);
  std::vector<int> modes;
  Context context([&](Context& c) {
    modes.push_back(std::fegetround());
    std::fesetround(FE_UPWARD);
    c.Suspend();
    modes.push_back(std::fegetround());
    std::fesetround(FE_DOWNWARD);
    c.Suspend();
    modes.push_back(std::fegetround());
  });
  std::fesetround(FE_TOWARDZERO);
  for (int i = 0; i < 3; i++) {
    context.Resume();
    EXPECT_EQ(std::fegetround(), FE_TOWARDZERO);
  }
  std::fesetround(FE_TONEAREST);
  // The first is the mode at creation, not that at the first switch.
  EXPECT_EQ(modes, (std::vector<int>{FE_TONEAREST, FE_UPWARD, FE_DOWNWARD}));
}

#if defined(__x86_64__)
// Each word alone: fesetround always changes both.
TEST(Gobuf, MxcsrAndX87ControlWordAreLoadedIndependently) {
  const auto mxcsr = [] {
    uint32_t value;
    asm volatile("stmxcsr %0" : "=m"(value));
    return value;
  };
  const auto set_mxcsr = [](uint32_t value) {
    asm volatile("ldmxcsr %0" : : "m"(value));
  };
  const auto x87cw = [] {
    uint16_t value;
    asm volatile("fnstcw %0" : "=m"(value));
    return value;
  };
  const auto set_x87cw = [](uint16_t value) {
    asm volatile("fldcw %0" : : "m"(value));
  };
  constexpr uint32_t kFlushToZero = 0x8000;
  constexpr uint16_t kDoublePrecision = 0x027f;
  const uint32_t mxcsr_before = mxcsr();
  const uint16_t x87cw_before = x87cw();
  uint32_t mxcsr_inside = 0;
  uint16_t x87cw_inside = 0;
  Context context([&](Context& c) {
    set_mxcsr(mxcsr() | kFlushToZero);
    c.Suspend();
    mxcsr_inside = mxcsr();
    set_mxcsr(mxcsr_before);
    set_x87cw(kDoublePrecision);
    c.Suspend();
    x87cw_inside = x87cw();
  });
  context.Resume();
  EXPECT_EQ(mxcsr() & 0xffc0, mxcsr_before & 0xffc0);
  context.Resume();
  EXPECT_EQ(mxcsr_inside & 0xffc0, (mxcsr_before | kFlushToZero) & 0xffc0);
  EXPECT_EQ(x87cw(), x87cw_before);
  context.Resume();
  EXPECT_EQ(x87cw_inside, kDoublePrecision);
  EXPECT_EQ(x87cw(), x87cw_before);
}
#endif

TEST(Systemstack, RunsOnTheGivenStackAndReturns) {
  if (sanitizer::kAsan || sanitizer::kTsan) {
    GTEST_SKIP() << "the switch is not announced here";
  }
  std::vector<char> stack(256 << 10);
  const auto lo = reinterpret_cast<uintptr_t>(stack.data());
  uintptr_t frame = 0;
  Systemstack(
      lo + stack.size() - 3,
      [](void* arg) {
        *static_cast<uintptr_t*>(arg) =
            reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
      },
      &frame);
  EXPECT_GT(frame, lo);
  EXPECT_LT(frame, lo + stack.size());
}

// A goroutine's call to g0's stack, below the frames of the waiting Gogo.
class SystemstackFromContext : public testing::Test {
 protected:
  struct Args {
    sanitizer::Fiber* g;
    sanitizer::Fiber* g0;
    uintptr_t g0_sp;
    void (*fn)(void*);
    void* arg;
  };

  // Runs fn(arg) on g0's stack, from within the body of `c`.
  static void Call(Context& c, void (*fn)(void*), void* arg) {
    Args args{c.fiber(), c.g0_fiber(), c.g0().sp, fn, arg};
    Switch(&args);
  }

 private:
  [[gnu::noinline]] HEDDLE_NO_SANITIZE_THREAD static void Switch(Args* args) {
    sanitizer::StartSwitch(args->g, args->g0, false, true);
    Systemstack(args->g0_sp, &OnG0, args);
    sanitizer::FinishSwitch(args->g);
  }

  HEDDLE_NO_SANITIZE_THREAD static void OnG0(void* p) {
    auto* const args = static_cast<Args*>(p);
    sanitizer::FinishSwitch(args->g0);
    args->fn(args->arg);
    sanitizer::StartSwitch(args->g0, args->g, false, true);
  }
};

TEST_F(SystemstackFromContext, ReturnsWithTheContextIntact) {
  uintptr_t frame = 0;
  uintptr_t g0_sp = 0;
  int after = 0;
  Context context([&](Context& c) {
    g0_sp = c.g0().sp;
    for (int i = 0; i < 1000; i++) {
      Call(
          c,
          [](void* arg) {
            *static_cast<uintptr_t*>(arg) =
                reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
          },
          &frame);
      after++;
      if (i % 100 == 0) c.Suspend();
      g0_sp = c.g0().sp;
    }
  });
  while (!context.done()) context.Resume();
  EXPECT_EQ(after, 1000);
  EXPECT_LT(frame, g0_sp);
  EXPECT_GT(frame, g0_sp - 4096);
}

void Count(void* arg) {
  // Nested: this stack's own space below the current frame.
  auto* const depth = static_cast<int*>(arg);
  if (++*depth < 5) {
    Systemstack(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - 2048,
                &Count, arg);
  }
}

TEST_F(SystemstackFromContext, Nests) {
  int depth = 0;
  Context context([&](Context& c) { Call(c, &Count, &depth); });
  context.Resume();
  EXPECT_EQ(depth, 5);
}

TEST(Systemstack, AnExceptionReachesTheCaller) {
  std::string caught;
  try {
    Systemstack(
        reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) - 4096,
        [](void*) { throw std::runtime_error("from there"); }, nullptr);
  } catch (const std::exception& e) {
    caught = e.what();
  }
  EXPECT_EQ(caught, "from there");
}

struct Trace {
  std::vector<uintptr_t> pcs;
  _Unwind_Reason_Code result = _URC_NO_REASON;
};

_Unwind_Reason_Code Step(_Unwind_Context* context, void* arg) {
  auto* const trace = static_cast<Trace*>(arg);
  trace->pcs.push_back(_Unwind_GetIP(context));
  return trace->pcs.size() < 1000 ? _URC_NO_REASON : _URC_NORMAL_STOP;
}

TEST(Unwinding, StopsAtTheEntry) {
  Trace trace;
  Context context([&](Context& c) {
    c.Suspend();
    trace.result = _Unwind_Backtrace(&Step, &trace);
  });
  context.Resume();
  context.Resume();
  EXPECT_EQ(trace.result, _URC_END_OF_STACK);
  // The lambda, std::function's frames, RunBody, Entry, the outermost.
  EXPECT_GE(trace.pcs.size(), 3u);
  EXPECT_LE(trace.pcs.size(), 16u);
}

using UnwindingDeathTest = testing::Test;

TEST(UnwindingDeathTest, AnUncaughtExceptionTerminatesWithTheStackIntact) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        Context context([](Context&) {
          // Destroyed only if the stack is unwound before terminate.
          struct Loud {
            ~Loud() { std::_Exit(3); }
          } loud;
          std::set_terminate([] { std::_Exit(7); });
          throw std::runtime_error("nobody catches this");
        });
        context.Resume();
      },
      testing::ExitedWithCode(7), "");
}

TEST(UnwindingDeathTest, AnEntryThatReturnsTraps) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        static char stack[64 << 10];
        Gobuf g0;
        Gobuf buf;
        GostartCall(
            &buf, reinterpret_cast<uintptr_t>(stack + sizeof stack),
            [](void*) {}, nullptr, CurrentFpModes());
        Gogo(&g0, &buf);
      },
      "");
}

}  // namespace
}  // namespace heddle::arch
