#include "examples/mining/pipeline.h"

#include <bit>

#include "absl/cleanup/cleanup.h"

namespace heddle::mining {
namespace {

// Nonces that are handed over at a time: a hash is cheaper than a hop.
constexpr uint64_t kBatch = 1024;

// Sends `v`, if the context is not cancelled first; true if so.
template <typename T>
bool SendUnlessDone(const Context& ctx, const Chan<T>& out, T v) {
  return Select(RecvFrom(ctx.Done()), SendTo(out, v)) == 1;
}

// The first stage: where each batch begins.
void Number(const Context& ctx, const Chan<uint64_t>& out) {
  for (uint64_t nonce = 0; SendUnlessDone(ctx, out, nonce);) nonce += kBatch;
  out.Close();
}

// The second: looks through batches.
void Look(const Context& ctx, const std::string& text, int zeros,
          const Chan<uint64_t>& in, const Chan<Coin>& out) {
  for (const uint64_t first : in) {
    for (uint64_t nonce = first; nonce < first + kBatch; nonce++) {
      const uint64_t hash = Hash(text, nonce);
      if (std::countl_zero(hash) < zeros) continue;
      if (!SendUnlessDone(ctx, out, {nonce, hash})) return;
    }
  }
}

}  // namespace

uint64_t Hash(std::string_view text, uint64_t nonce) {
  uint64_t h = 0xcbf29ce484222325;
  const auto add = [&h](uint8_t byte) { h = (h ^ byte) * 0x100000001b3; };
  for (const char c : text) add(static_cast<uint8_t>(c));
  for (; nonce != 0; nonce >>= 8) add(static_cast<uint8_t>(nonce));
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53;
  return h ^ (h >> 33);
}

absl::StatusOr<Coin> Mine(const Context& parent, const std::string& text,
                          int zeros, int workers) {
  const auto [ctx, cancel] = WithCancel(parent);
  const Chan<uint64_t> batches;
  const Chan<Coin> found;
  WaitGroup stages;
  // Backwards on return: cancel, then wait, then `text` and the rest may go.
  const absl::Cleanup wait = [&stages] { stages.Wait(); };
  const absl::Cleanup stop = cancel;

  stages.Go([&ctx = ctx, batches] { Number(ctx, batches); });
  for (int i = 0; i < workers; i++) {
    stages.Go([&, &ctx = ctx] { Look(ctx, text, zeros, batches, found); });
  }
  Coin coin;
  if (Select(RecvFrom(ctx.Done()), RecvFrom(found, &coin)) == 0) {
    return ctx.Err();
  }
  return coin;
}

}  // namespace heddle::mining
