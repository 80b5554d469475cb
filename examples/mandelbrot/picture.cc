#include "examples/mandelbrot/picture.h"

#include <algorithm>
#include <bit>
#include <complex>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "examples/mandelbrot/pool.h"
#include "heddle/heddle.h"

namespace heddle::mandelbrot {
namespace {

// From those that leave at once to those that never do.
constexpr std::string_view kShades = " .:-=+*%@#";
constexpr uint32_t kMaxSteps = 1000;

char Shade(std::complex<double> c) {
  std::complex<double> z = 0;
  uint32_t steps = 0;
  while (steps < kMaxSteps && std::norm(z) < 4) {
    z = z * z + c;
    steps++;
  }
  if (steps == kMaxSteps) return kShades.back();
  // Each shade for twice as many steps as the one before.
  const auto shade = static_cast<size_t>(std::bit_width(steps));
  return kShades[std::min(shade, kShades.size() - 2)];
}

struct Line {
  int y;
  std::string text;
};

}  // namespace

std::string Draw(int width, int height, int workers) {
  const Chan<int> jobs;
  Go([jobs, height] {
    for (int y = 0; y < height; y++) jobs.Send(y);
    jobs.Close();
  });
  const Chan<Line> drawn = Pool(jobs, workers, [width, height](int y) {
    Line line = {y, {}};
    for (int x = 0; x < width; x++) {
      line.text += Shade({3.0 * x / width - 2.2, 2.4 * y / height - 1.2});
    }
    line.text += '\n';
    return line;
  });
  std::vector<std::string> lines(static_cast<size_t>(height));
  for (Line line : drawn) {
    lines[static_cast<size_t>(line.y)] = std::move(line.text);
  }
  return absl::StrJoin(lines, "");
}

}  // namespace heddle::mandelbrot
