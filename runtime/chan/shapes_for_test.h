// The runtimes in which each test of channels runs: one P and several, random
// scheduling, a new thread at each switch.

#ifndef RUNTIME_CHAN_SHAPES_FOR_TEST_H_
#define RUNTIME_CHAN_SHAPES_FOR_TEST_H_

#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "heddle/heddle.h"

namespace heddle {

struct Shape {
  const char* name;
  Options options;
  // Loops are this many times shorter.
  int slower = 1;

  // `n`, or less where switches are slow; 1 at least.
  int Times(int n) const { return n / slower > 0 ? n / slower : 1; }
};

inline std::ostream& operator<<(std::ostream& out, const Shape& shape) {
  return out << shape.name;
}

inline std::vector<Shape> Shapes() {
  return {
      {"OneP", {.procs = 1}},
      {"TwoPs", {.procs = 2}},
      {"EightPs", {.procs = 8}},
      {"OnePRandom", {.procs = 1, .randomize = true, .seed = 7}},
      {"FourPsRandom", {.procs = 4, .randomize = true, .seed = 8}},
      {"Migrating", {.procs = 2, .migrate_always = true}, 50},
  };
}

class ShapeTest : public testing::TestWithParam<Shape> {};

// Lets the others run until they wait, on one P; a while on several. (Once
// would not do: who yields is in the global queue, which has its turn at
// times.)
inline void LetOthersRun() {
  for (int i = 0; i < 10; i++) Yield();
}

inline auto ShapeName(const testing::TestParamInfo<Shape>& info) {
  return std::string(info.param.name);
}

#define HEDDLE_ALL_SHAPES(suite) \
  INSTANTIATE_TEST_SUITE_P(All, suite, testing::ValuesIn(Shapes()), ShapeName)

}  // namespace heddle

#endif  // RUNTIME_CHAN_SHAPES_FOR_TEST_H_
