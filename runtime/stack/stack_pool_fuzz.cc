// A fuzz target of the stack allocator, in libFuzzer's form: two bytes a step.
//
//   tools/bazel run --config=fuzz //runtime/stack:stack_pool_fuzz --
//   -max_len=4096 -max_total_time=60
//
// stack_pool_fuzz_test runs it without a fuzzer.

#include <cstddef>
#include <cstdint>

#include "heddle/runtime/stack/stack_pool_steps_for_test.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  heddle::stack::StackPoolSteps steps(
      data[0] % 2 == 0 ? heddle::stack::GuardKind::kMadvise
                       : heddle::stack::GuardKind::kMprotect);
  for (size_t i = 1; i + 1 < size; i += 2) steps.Step(data[i], data[i + 1]);
  return 0;
}
