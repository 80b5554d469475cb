// Mines: `bazel run -c opt //examples:mining -- "some text" 24` finds a number
// whose hash with the text begins with 24 zero bits, within ten seconds.

#include <cstdio>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"
#include "examples/mining/pipeline.h"
#include "heddle/heddle.h"

int main(int argc, char** argv) {
  const std::string text = argc > 1 ? argv[1] : "heddle";
  int zeros = 20;
  if (argc > 3 || (argc == 3 && (!absl::SimpleAtoi(argv[2], &zeros) ||
                                 zeros < 0 || zeros > 63))) {
    std::fprintf(stderr, "usage: mining [TEXT [ZEROS]], 0 to 63 (20)\n");
    return 2;
  }
  return heddle::Run([&] {
    const auto [ctx, cancel] =
        heddle::WithTimeout(heddle::Context::Background(), absl::Seconds(10));
    const absl::StatusOr<heddle::mining::Coin> coin =
        heddle::mining::Mine(ctx, text, zeros, heddle::GoMaxProcs(0));
    cancel();
    if (!coin.ok()) {
      std::fprintf(stderr, "mining: %s\n", coin.status().ToString().c_str());
      return 1;
    }
    std::printf("%s + %llu: %016llx\n", text.c_str(),
                static_cast<unsigned long long>(coin->nonce),  // NOLINT
                static_cast<unsigned long long>(coin->hash));  // NOLINT
    return 0;
  });
}
