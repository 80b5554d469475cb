// Prints the primes below a number: `bazel run //examples:primes -- 100`.

#include <cstdio>

#include "absl/strings/numbers.h"
#include "examples/primes/sieve.h"
#include "heddle/heddle.h"

int main(int argc, char** argv) {
  int limit = 100;
  if (argc > 2 || (argc == 2 && !absl::SimpleAtoi(argv[1], &limit))) {
    std::fprintf(stderr, "usage: primes [LIMIT], a number (100)\n");
    return 2;
  }
  return heddle::Run([limit] {
    for (const int prime : heddle::primes::PrimesBelow(limit)) {
      std::printf("%d\n", prime);
    }
  });
}
