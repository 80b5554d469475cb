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

#ifndef RUNTIME_OS_NOTE_H_
#define RUNTIME_OS_NOTE_H_

#include <atomic>
#include <cstdint>

namespace heddle::os {

class Note {
 public:
  constexpr Note() = default;
  Note(const Note&) = delete;
  Note& operator=(const Note&) = delete;

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
  std::atomic<uint32_t> key_{0};  // 0: cleared, 1: woken; the futex word
};

}  // namespace heddle::os

#endif  // RUNTIME_OS_NOTE_H_
