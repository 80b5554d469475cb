// A whole process with one goroutine, which says hello. It is timed from
// outside. Twins: benchmarks/peers (docs/benchmarks.md); bare_process.cc is
// what a process costs at least.

#include <cstdio>

#include "heddle/heddle.h"

int main() {
  return heddle::Run([] { heddle::Go([] { std::puts("hello"); }); });
}
