// Five philosophers dine: `bazel run //examples:philosophers`. With --greedy
// they never will, and the runtime says why.

#include <cstdio>
#include <cstring>

#include "absl/debugging/symbolize.h"
#include "examples/philosophers/table.h"
#include "heddle/heddle.h"

int main(int argc, char** argv) {
  using heddle::philosophers::Manners;
  absl::InitializeSymbolizer(argv[0]);  // names in what is reported
  Manners manners = Manners::kPolite;
  if (argc == 2 && strcmp(argv[1], "--greedy") == 0) {
    manners = Manners::kGreedy;
  } else if (argc > 1) {
    std::fprintf(stderr, "usage: philosophers [--greedy]\n");
    return 2;
  }
  return heddle::Run([manners] {
    int meals = 0;
    for (const int eaten : heddle::philosophers::Dine(5, 1000, manners)) {
      meals += eaten;
    }
    std::printf("%d meals\n", meals);
  });
}
