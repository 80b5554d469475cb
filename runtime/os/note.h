// Note: one thread sleeps until another wakes it, once. Go's `note` on futex.
//
//   cleared --Wakeup()--> woken --Clear()--> cleared
//
// One thread at most sleeps on a note; one Wakeup at most comes for each
// Clear. The sleeper returns at once if the wake-up came first. After Sleep has
// returned, the note is the sleeper's: it may clear or destroy it although the
// waker is still inside Wakeup, which touches nothing after its store but the
// address, as a key for futex(2).
//
// Not a condition variable (one wake-up, kept until it is used) and not
// std::binary_semaphore (a second wake-up is a bug that is reported, and the
// sleeper may destroy it). The thread blocks: only g0 code and threads outside
// the runtime sleep on notes; goroutines park.
//
// Policy is what it is made of: the atomic word, futex(2) and the clock. The
// model checker runs this very code with its own (note_model_test.cc).

#ifndef RUNTIME_OS_NOTE_H_
#define RUNTIME_OS_NOTE_H_

#include <atomic>
#include <cinttypes>
#include <cstdint>

#include "heddle/runtime/base/throw.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/futex.h"

namespace heddle::os {

struct NotePolicy {
  template <typename T>
  using Atomic = std::atomic<T>;
  static void FutexSleep(std::atomic<uint32_t>* word, uint32_t value,
                         int64_t ns) {
    os::FutexSleep(word, value, ns);
  }
  static void FutexWakeup(std::atomic<uint32_t>* word, int n) {
    os::FutexWakeup(word, n);
  }
  static int64_t Nanotime() { return os::Nanotime(); }
};

template <typename Policy>
class BasicNote {
 public:
  constexpr BasicNote() = default;
  BasicNote(const BasicNote&) = delete;
  BasicNote& operator=(const BasicNote&) = delete;

  // Makes the note ready for the next Sleep (noteclear). No thread may be in
  // Sleep, and the last Wakeup must have been seen by the sleeper.
  void Clear();

  // Blocks the thread until Wakeup (notesleep). What the waker wrote before
  // Wakeup is visible after it. Signals do not end it.
  void Sleep();

  // Blocks the thread until Wakeup, for at most `ns` nanoseconds; without a
  // limit if `ns` < 0 (notetsleep). True if woken. After false a Wakeup may
  // still come, so the note must stay until it has, or until it cannot.
  bool SleepFor(int64_t ns);

  // Ends the sleep of the thread in Sleep, or of the next to come (notewakeup).
  // From any thread. Twice without a Clear between: throws
  // "notewakeup - double wakeup".
  void Wakeup();

 private:
  static constexpr uint32_t kCleared = 0;
  static constexpr uint32_t kWoken = 1;

  // The futex word.
  typename Policy::template Atomic<uint32_t> key_{kCleared};
};

using Note = BasicNote<NotePolicy>;

template <typename Policy>
void BasicNote<Policy>::Clear() {
  // relaxed: whoever hands the note to a waker orders this for it.
  key_.store(kCleared, std::memory_order_relaxed);
}

template <typename Policy>
void BasicNote<Policy>::Sleep() {
  // acquire: pairs with the exchange in Wakeup.
  while (key_.load(std::memory_order_acquire) == kCleared) {
    Policy::FutexSleep(&key_, kCleared, /*ns=*/-1);
  }
}

template <typename Policy>
bool BasicNote<Policy>::SleepFor(int64_t ns) {
  if (ns < 0) {
    Sleep();
    return true;
  }
  const int64_t start = Policy::Nanotime();
  int64_t passed = 0;
  // acquire: pairs with the exchange in Wakeup.
  while (key_.load(std::memory_order_acquire) == kCleared) {
    if (passed >= ns) return false;
    Policy::FutexSleep(&key_, kCleared, ns - passed);
    passed = Policy::Nanotime() - start;
  }
  return true;
}

template <typename Policy>
void BasicNote<Policy>::Wakeup() {
  // release: pairs with the load in Sleep and SleepFor. The note may be gone
  // from here on.
  const uint32_t old = key_.exchange(kWoken, std::memory_order_release);
  if (old != kCleared) {
    base::PrintErr("runtime: notewakeup of %p, whose key is %" PRIu32 "\n",
                   static_cast<void*>(this), old);
    base::Throw("notewakeup - double wakeup");
  }
  Policy::FutexWakeup(&key_, 1);
}

// In note.cc.
extern template class BasicNote<NotePolicy>;

}  // namespace heddle::os

#endif  // RUNTIME_OS_NOTE_H_
