// A goroutine recurses without end. Fixed: not that deep.

#include "heddle/heddle.h"
#include "testing/sanitizer/programs/programs.h"

namespace heddle::testing {
namespace {

[[gnu::noinline]] int Recurses(int depth) {
  volatile char frame[200] = {};
  if (depth == 0) return frame[0];
  return Recurses(depth - 1) + frame[1];
}

}  // namespace

void StackOverflow(bool fixed) {
  Run([fixed] { Go({.name = "deep"}, [fixed] { Recurses(fixed ? 9 : -1); }); });
}

}  // namespace heddle::testing
