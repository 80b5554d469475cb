#include "runtime/os/note.h"

#include "runtime/base/throw.h"
#include "runtime/os/clock.h"
#include "runtime/os/futex.h"

namespace heddle::os {
namespace {

constexpr uint32_t kCleared = 0;
constexpr uint32_t kWoken = 1;

}  // namespace

void Note::Clear() {
  // relaxed: whoever hands the note to a waker orders this for it.
  key_.store(kCleared, std::memory_order_relaxed);
}

void Note::Sleep() {
  // acquire: pairs with the exchange in Wakeup.
  while (key_.load(std::memory_order_acquire) == kCleared) {
    FutexSleep(&key_, kCleared, /*ns=*/-1);
  }
}

bool Note::SleepFor(int64_t ns) {
  if (ns < 0) {
    Sleep();
    return true;
  }
  const int64_t start = Nanotime();
  int64_t passed = 0;
  // acquire, here and below: pairs with the exchange in Wakeup.
  while (key_.load(std::memory_order_acquire) == kCleared) {
    if (passed >= ns) return false;
    FutexSleep(&key_, kCleared, ns - passed);
    passed = Nanotime() - start;
  }
  return true;
}

void Note::Wakeup() {
  // release: pairs with the load in Sleep and SleepFor. The note may be gone
  // from here on.
  const uint32_t old = key_.exchange(kWoken, std::memory_order_release);
  if (old != kCleared) {
    base::PrintErr("runtime: notewakeup of %p, whose key is %d\n", this, old);
    base::Throw("notewakeup - double wakeup");
  }
  FutexWakeup(&key_, 1);
}

}  // namespace heddle::os
