// futex(2), private to the process, for note and lock.
//
// The only use of this header is to build such primitives: a word, and a
// condition on it that the caller checks again after every return.

#ifndef RUNTIME_OS_FUTEX_H_
#define RUNTIME_OS_FUTEX_H_

#include <atomic>
#include <cstdint>

namespace heddle::os {

// Blocks while `*word` is `value`, for at most `ns` nanoseconds, or without a
// limit if `ns` < 0. May return at any time for any reason (a wake-up, a
// signal, the time is over, the value differs): check the word again. errno
// stays as it is.
void FutexSleep(std::atomic<uint32_t>* word, uint32_t value, int64_t ns);

// Wakes at most `n` of those that sleep on `word`. Only the address is used,
// so the word itself may be gone already; whoever sleeps on what is now at the
// address sees a spurious wake-up. errno stays as it is.
void FutexWakeup(std::atomic<uint32_t>* word, int n);

}  // namespace heddle::os

#endif  // RUNTIME_OS_FUTEX_H_
