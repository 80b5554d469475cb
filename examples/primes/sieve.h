// The prime sieve of Hoare's CSP, known from Go's first talks: a goroutine for
// each prime drops its multiples from what flows by.
//
//   2 3 4 5 6 7 8 9 … ─▶ [not 2] ─▶ 3 5 7 9 … ─▶ [not 3] ─▶ 5 7 11 … ─▶ …
//
// What comes out of a filter first is the next prime. The source closes its
// channel behind the last number; each filter does the same when its own is
// drained, so the chain ends from the front to the back, and nothing is left.

#ifndef EXAMPLES_PRIMES_SIEVE_H_
#define EXAMPLES_PRIMES_SIEVE_H_

#include "heddle/heddle.h"

namespace heddle::primes {

// The primes below `limit`, in order; the channel is closed behind the last.
// From a goroutine. All of them must be received: the filters wait for it.
Chan<int> PrimesBelow(int limit);

}  // namespace heddle::primes

#endif  // EXAMPLES_PRIMES_SIEVE_H_
