// An asymmetric fence: membarrier(2) on the rare side pays for the frequent
// one.
//
//   frequent side                       rare side
//   1. writes A                         1. writes B
//   2. AsymmetricLightFence             2. AsymmetricHeavyFence
//   3. reads B                          3. reads A
//
// One of the two reads sees what the other side wrote, as with a full fence on
// each side; but the light one only keeps the compiler from moving things, and
// the heavy one makes every running thread of the process execute a full fence
// (0.5 us). The paper is P1202, "Asymmetric fences".

#ifndef RUNTIME_OS_MEMBARRIER_H_
#define RUNTIME_OS_MEMBARRIER_H_

#include <atomic>

namespace heddle::os {

// Whether the kernel has membarrier(2)'s private expedited command (Linux 4.14)
// and lets us use it; without, the fences below order nothing. The first call
// registers the process. Thread-safe.
bool HaveAsymmetricFences();

inline void AsymmetricLightFence() {
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

// The Atomics policy of code with a light fence in it, in the running program.
struct AsymmetricAtomics {
  template <typename T>
  using Atomic = std::atomic<T>;
  static void LightFence() { AsymmetricLightFence(); }
};

// Only where HaveAsymmetricFences(). If the system call fails by now, as a
// seccomp filter was installed since, the calling thread visits all CPUs
// instead; throws if it cannot do that either. errno stays as it is.
void AsymmetricHeavyFence();

}  // namespace heddle::os

#endif  // RUNTIME_OS_MEMBARRIER_H_
