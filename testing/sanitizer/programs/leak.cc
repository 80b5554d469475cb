// A goroutine forgets what it has allocated. Another one is parked meanwhile,
// and what it alone refers to is not forgotten. Fixed: the first one does not.

#include <cstring>

#include "heddle/heddle.h"
#include "heddle/runtime/sanitizer/sanitizer.h"
#include "testing/sanitizer/programs/programs.h"

#if HEDDLE_ASAN
#include <sanitizer/lsan_interface.h>
#endif

namespace heddle::testing {
namespace {

// Many: some of the pointers may be left in memory that counts.
constexpr int kBlocks = 100;

char* volatile last;

[[gnu::noinline]] char* NewBlock() {
  char* block = new char[1000];
  std::memset(block, 1, 1000);
  return block;
}

[[gnu::noinline]] void Forgets() {
  for (int i = 0; i < kBlocks; i++) last = NewBlock();
  last = nullptr;
}

// A pointer that the compiler keeps where it likes, a register perhaps, and one
// in memory: on the fake stack, if there is one.
[[gnu::noinline]] void HoldsWhile(WaitGroup* parked, WaitGroup* go_on) {
  char* const one = NewBlock();
  char* volatile other[] = {NewBlock()};
  parked->Done();
  go_on->Wait();
  delete[] one;
  delete[] other[0];
}

// Ends the process if there is a leak.
void Check() {
#if HEDDLE_ASAN
  __lsan_do_leak_check();
#endif
}

}  // namespace

void Leak(bool fixed) {
  Run(Options{.procs = 1, .preempt = false}, [fixed] {
    WaitGroup ready;
    WaitGroup go_on;
    WaitGroup done;
    ready.Add(1);
    go_on.Add(1);
    done.Go([&] { HoldsWhile(&ready, &go_on); });
    ready.Wait();
    WaitGroup forgetful;
    forgetful.Go([fixed] {
      if (!fixed) Forgets();
    });
    forgetful.Wait();
    Yield();
    Check();
    go_on.Done();
    done.Wait();
  });
}

}  // namespace heddle::testing
