// Draws the Mandelbrot set with a worker for each P:
// `bazel run -c opt //examples:mandelbrot -- 78 30`.

#include <cstdio>

#include "absl/strings/numbers.h"
#include "examples/mandelbrot/picture.h"
#include "heddle/heddle.h"

int main(int argc, char** argv) {
  constexpr int kMax = 10'000;
  int width = 78;
  int height = 30;
  if (argc > 3 || (argc > 1 && !absl::SimpleAtoi(argv[1], &width)) ||
      (argc > 2 && !absl::SimpleAtoi(argv[2], &height)) || width < 1 ||
      width > kMax || height < 1 || height > kMax) {
    std::fprintf(stderr, "usage: mandelbrot [WIDTH [HEIGHT]], 1 to %d\n", kMax);
    return 2;
  }
  return heddle::Run([&] {
    std::fputs(
        heddle::mandelbrot::Draw(width, height, heddle::GoMaxProcs(0)).c_str(),
        stdout);
  });
}
