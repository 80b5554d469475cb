// The Mandelbrot set in characters; each line is a job for a pool of workers.

#ifndef EXAMPLES_MANDELBROT_PICTURE_H_
#define EXAMPLES_MANDELBROT_PICTURE_H_

#include <string>

namespace heddle::mandelbrot {

// A picture of `width` by `height` characters (1 or more each), its lines ended
// by '\n', drawn by `workers` (1 or more) goroutines. From a goroutine.
std::string Draw(int width, int height, int workers);

}  // namespace heddle::mandelbrot

#endif  // EXAMPLES_MANDELBROT_PICTURE_H_
