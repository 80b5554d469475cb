#include "examples/primes/sieve.h"

namespace heddle::primes {
namespace {

// 2, 3, 4, … up to below `limit`.
Chan<int> Numbers(int limit) {
  Chan<int> out;
  Go([out, limit] {
    for (int i = 2; i < limit; i++) out.Send(i);
    out.Close();
  });
  return out;
}

// What of `in` is no multiple of `prime`.
Chan<int> Filter(const Chan<int>& in, int prime) {
  Chan<int> out;
  Go([in, out, prime] {
    for (const int i : in) {
      if (i % prime != 0) out.Send(i);
    }
    out.Close();
  });
  return out;
}

}  // namespace

Chan<int> PrimesBelow(int limit) {
  Chan<int> primes;
  Go([primes, limit] {
    Chan<int> rest = Numbers(limit);
    while (const std::optional<int> prime = rest.Recv()) {
      primes.Send(*prime);
      rest = Filter(rest, *prime);
    }
    primes.Close();
  });
  return primes;
}

}  // namespace heddle::primes
