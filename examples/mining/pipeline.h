// A pipeline with cancellation: three stages, and none that works on once the
// answer is known.
//
//                   ┌▶ hash ─┐
//   nonces 0 1 2 … ─┼▶ hash ─┼─▶ found ─▶ the first one: cancel
//                   └▶ hash ─┘
//
// A stage that sends also looks at its context's Done, since whom it sends to
// may be gone: with a plain Send it would wait for ever, and keep what it has.
//
// It looks for a number whose hash, with a text, begins with zeros: what
// miners of coins do, with a smaller hash.

#ifndef EXAMPLES_MINING_PIPELINE_H_
#define EXAMPLES_MINING_PIPELINE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "heddle/heddle.h"

namespace heddle::mining {

// 64 bits of FNV-1a, with murmur's last step. Not for secrets.
uint64_t Hash(std::string_view text, uint64_t nonce);

struct Coin {
  uint64_t nonce = 0;
  uint64_t hash = 0;
};

// A nonce whose hash with `text` begins with `zeros` (0 to 63) zero bits, found
// by `workers` (1 or more) goroutines; not always the smallest. From a
// goroutine; returns when all that it has started have ended. The error of
// `parent` if that is cancelled first.
absl::StatusOr<Coin> Mine(const Context& parent, const std::string& text,
                          int zeros, int workers);

}  // namespace heddle::mining

#endif  // EXAMPLES_MINING_PIPELINE_H_
