// The atomics that lock-free code is compiled with: a template policy, so that
// the model checker runs the same source with its own (docs/models.md).
//
// A policy has Atomic<T>, with std::atomic's member functions, each called with
// its memory orders spelled out.

#ifndef RUNTIME_BASE_ATOMICS_H_
#define RUNTIME_BASE_ATOMICS_H_

#include <atomic>

namespace heddle::base {

struct StdAtomics {
  template <typename T>
  using Atomic = std::atomic<T>;
};

}  // namespace heddle::base

#endif  // RUNTIME_BASE_ATOMICS_H_
