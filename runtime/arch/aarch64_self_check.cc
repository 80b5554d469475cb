// The context switch's checks without a test framework, for aarch64_test,
// which cross-compiles this and runs it under qemu. Prints what is wrong and
// exits with 1; prints "ok" and exits with 0. With an argument it lets an
// exception leave a context and exits with 7 from the terminate handler.

#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#include <cfenv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <thread>

#include "heddle/runtime/arch/context_for_test.h"
#include "heddle/runtime/arch/getg.h"
#include "heddle/runtime/arch/gobuf.h"
#include "heddle/runtime/arch/registers_for_test.h"

namespace {

using heddle::arch::Context;

int failures = 0;

#define CHECK_THAT(condition)                             \
  do {                                                    \
    if (!(condition)) {                                   \
      failures++;                                         \
      std::printf("line %d: %s\n", __LINE__, #condition); \
    }                                                     \
  } while (false)

void SwitchesAndKeepsRegisters() {
  int inside = 0;
  int times = 0;
  Context context([&](Context& c) {
    for (; times < 1000; times++) {
      inside |= HeddleTestRegisters(
          [](void* arg) { static_cast<Context*>(arg)->Suspend(); }, &c,
          1'000'000 + times * 100);
    }
  });
  int outside = 0;
  while (!context.done()) {
    outside |= HeddleTestRegisters(
        [](void* arg) { static_cast<Context*>(arg)->Resume(); }, &context,
        2'000'000);
  }
  CHECK_THAT(times == 1000);
  CHECK_THAT(inside == 0);
  CHECK_THAT(outside == 0);
}

void KeepsFloatingPointControl() {
  int modes[2] = {-1, -1};
  Context context([&](Context& c) {
    modes[0] = std::fegetround();
    std::fesetround(FE_UPWARD);
    c.Suspend();
    modes[1] = std::fegetround();
  });
  std::fesetround(FE_TOWARDZERO);
  context.Resume();
  CHECK_THAT(std::fegetround() == FE_TOWARDZERO);
  context.Resume();
  CHECK_THAT(std::fegetround() == FE_TOWARDZERO);
  std::fesetround(FE_TONEAREST);
  CHECK_THAT(modes[0] == FE_TONEAREST);
  CHECK_THAT(modes[1] == FE_UPWARD);
}

// Two contexts that go on with each other; one ends, again and again, and is
// made anew.
struct Pair {
  heddle::arch::Gobuf g0;
  heddle::arch::Gobuf stays;
  heddle::arch::Gobuf ends;
  uintptr_t top_of_stays = 0;
  uintptr_t top_of_ends = 0;
  int ended = 0;
  int wrong = 0;
  bool modes_kept = true;
};

void Ends(void* arg) {
  auto* p = static_cast<Pair*>(arg);
  std::fesetround(FE_UPWARD);
  p->wrong |= HeddleTestRegisters(
      [](void* pair) {
        auto* p = static_cast<Pair*>(pair);
        heddle::arch::Switch(&p->ends, &p->stays);
      },
      p, 3'000'000);
  p->modes_kept = p->modes_kept && std::fegetround() == FE_UPWARD;
  p->ended++;
  heddle::arch::Leave(&p->stays);
}

void Stays(void* arg) {
  auto* p = static_cast<Pair*>(arg);
  std::fesetround(FE_DOWNWARD);
  for (int i = 0; i < 100; i++) {
    heddle::arch::GostartCall(&p->ends, p->top_of_ends, Ends, p,
                              heddle::arch::CurrentFpModes());
    p->wrong |= HeddleTestRegisters(
        [](void* pair) {
          auto* p = static_cast<Pair*>(pair);
          heddle::arch::Start(&p->stays, &p->ends);
        },
        p, 4'000'000);
    p->modes_kept = p->modes_kept && std::fegetround() == FE_DOWNWARD;
    p->wrong |= HeddleTestRegisters(
        [](void* pair) {
          auto* p = static_cast<Pair*>(pair);
          heddle::arch::Switch(&p->stays, &p->ends);
        },
        p, 5'000'000);
    p->modes_kept = p->modes_kept && std::fegetround() == FE_DOWNWARD;
  }
  heddle::arch::Mcall(
      &p->stays, &p->g0, [](void*) {}, nullptr);
}

void GoesOnWithAnotherOne() {
  static char stacks[2][256 << 10];
  Pair pair;
  pair.top_of_stays = reinterpret_cast<uintptr_t>(stacks[1]);
  pair.top_of_ends = reinterpret_cast<uintptr_t>(stacks[1]) + sizeof stacks[1];
  heddle::arch::GostartCall(&pair.stays, pair.top_of_stays, Stays, &pair,
                            heddle::arch::CurrentFpModes());
  heddle::arch::Gogo(&pair.g0, &pair.stays);
  CHECK_THAT(pair.ended == 100);
  CHECK_THAT(pair.wrong == 0);
  CHECK_THAT(pair.modes_kept);
  CHECK_THAT(std::fegetround() == FE_TONEAREST);
}

void CatchesInside() {
  int caught = 0;
  Context context([&](Context& c) {
    for (int i = 0; i < 3; i++) {
      try {
        throw std::runtime_error("inside");
      } catch (const std::exception&) {
        caught++;
      }
      c.Suspend();
    }
  });
  while (!context.done()) context.Resume();
  CHECK_THAT(caught == 3);
}

struct Trace {
  int frames = 0;
  _Unwind_Reason_Code result = _URC_NO_REASON;
};

void UnwindingStopsAtTheEntry() {
  Trace trace;
  Context context([&](Context&) {
    trace.result = _Unwind_Backtrace(
        [](_Unwind_Context*, void* arg) {
          return ++static_cast<Trace*>(arg)->frames < 1000 ? _URC_NO_REASON
                                                           : _URC_NORMAL_STOP;
        },
        &trace);
  });
  context.Resume();
  CHECK_THAT(trace.result == _URC_END_OF_STACK);
  CHECK_THAT(trace.frames >= 3);
  CHECK_THAT(trace.frames <= 16);
}

void SystemstackReturnsAndPassesExceptions() {
  static char stack[256 << 10];
  const auto hi = reinterpret_cast<uintptr_t>(stack) + sizeof stack;
  uintptr_t sp = 0;
  heddle::arch::Systemstack(
      hi - 3,
      [](void* arg) {
        *static_cast<uintptr_t*>(arg) =
            reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
      },
      &sp);
  CHECK_THAT(sp < hi);
  CHECK_THAT(sp > hi - 4096);
  bool caught = false;
  try {
    heddle::arch::Systemstack(
        hi, [](void*) { throw std::runtime_error("there"); }, nullptr);
  } catch (const std::exception&) {
    caught = true;
  }
  CHECK_THAT(caught);
}

void GetGFollowsTheThread() {
  int gs[2];
  bool right = true;
  Context context([&](Context& c) {
    right = right && heddle::arch::GetG() == &gs[0];
    c.Suspend();
    right = right && heddle::arch::GetG() == &gs[1];
  });
  heddle::arch::SetG(&gs[0]);
  context.Resume();
  std::thread([&] {
    CHECK_THAT(heddle::arch::GetG() == nullptr);
    heddle::arch::SetG(&gs[1]);
    context.Resume();
  }).join();
  CHECK_THAT(context.done());
  CHECK_THAT(right);
  CHECK_THAT(heddle::arch::GetG() == &gs[0]);
}

void Terminate() {
  Context context([](Context&) {
    struct Loud {
      ~Loud() { std::_Exit(3); }
    } loud;
    std::set_terminate([] { std::_Exit(7); });
    throw std::runtime_error("nobody catches this");
  });
  context.Resume();
}

#if defined(__ARM_FEATURE_BTI_DEFAULT)
extern "C" char __executable_start;  // NOLINT(bugprone-reserved-identifier)
extern "C" char etext;

// Makes the processor check where indirect jumps and calls within this program
// land. (The loader does not: the C library's startup files lack the mark.)
void GuardText() {
  const uintptr_t page = sysconf(_SC_PAGESIZE);
  const auto lo = reinterpret_cast<uintptr_t>(&__executable_start) & -page;
  const auto hi = reinterpret_cast<uintptr_t>(&etext);
  CHECK_THAT(mprotect(reinterpret_cast<void*>(lo), hi - lo,
                      PROT_READ | PROT_EXEC | PROT_BTI) == 0);
}
#else
void GuardText() {}
#endif

}  // namespace

int main(int argc, char**) {
  GuardText();
  if (argc > 1) Terminate();
  SwitchesAndKeepsRegisters();
  KeepsFloatingPointControl();
  GoesOnWithAnotherOne();
  CatchesInside();
  UnwindingStopsAtTheEntry();
  SystemstackReturnsAndPassesExceptions();
  GetGFollowsTheThread();
  if (failures == 0) std::printf("ok\n");
  std::fflush(stdout);
  // Not by way of the startup files' destructors, which GuardText covers.
  std::_Exit(failures == 0 ? 0 : 1);
}
