// A worker pool: so many goroutines take jobs from one channel and send what
// comes out to another.
//
//             ┌▶ worker ─┐
//   jobs ─────┼▶ worker ─┼─────▶ results      closed when all jobs are done
//             └▶ worker ─┘
//
// For work that should not run more than so many times at once, because of what
// each takes: memory, connections, a licence. For work that merely is much, a
// goroutine for each piece is simpler, and costs no more.

#ifndef EXAMPLES_MANDELBROT_POOL_H_
#define EXAMPLES_MANDELBROT_POOL_H_

#include <type_traits>
#include <utility>

#include "heddle/heddle.h"

namespace heddle::mandelbrot {

// Results of f(job), each in no order, for all of `jobs` until that is closed;
// by `workers` (1 or more) goroutines, which share f. All of the results must
// be received. From a goroutine.
template <typename Job, typename F,
          typename Result = std::invoke_result_t<const F&, Job>>
Chan<Result> Pool(const Chan<Job>& jobs, int workers, F f) {
  const Chan<Result> results;
  Go([jobs, results, workers, f = std::move(f)] {
    WaitGroup working;
    for (int i = 0; i < workers; i++) {
      working.Go([&] {
        for (Job job : jobs) results.Send(f(std::move(job)));
      });
    }
    working.Wait();
    results.Close();
  });
  return results;
}

}  // namespace heddle::mandelbrot

#endif  // EXAMPLES_MANDELBROT_POOL_H_
