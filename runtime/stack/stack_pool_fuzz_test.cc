// The fuzz target, without a fuzzer: inputs of one kind of step each, in all
// pairs of kinds, and random ones.

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

TEST(StackPoolFuzzTest, PairsOfSteps) {
  for (uint8_t first = 0; first < 64; first += 2) {
    for (uint8_t second = 0; second < 64; second += 3) {
      std::vector<uint8_t> input = {first};
      for (uint8_t i = 0; i < 100; i++) {
        input.push_back(i % 3 == 2 ? second : first);
        input.push_back(i * 37);
      }
      LLVMFuzzerTestOneInput(input.data(), input.size());
    }
  }
}

TEST(StackPoolFuzzTest, RandomInputs) {
  std::mt19937 random(1);
  for (int n = 0; n < 300; n++) {
    std::vector<uint8_t> input(random() % 2000);
    for (uint8_t& byte : input) byte = static_cast<uint8_t>(random());
    LLVMFuzzerTestOneInput(input.data(), input.size());
  }
}

}  // namespace
