// A note between two threads, clocks and CPUs.

#include <cstdint>
#include <thread>

#include "expect.h"
#include "heddle/runtime/os/clock.h"
#include "heddle/runtime/os/cpu_count.h"
#include "heddle/runtime/os/note.h"

int main() {
  heddle::os::Note note;
  const int64_t start = heddle::os::Nanotime();
  EXPECT(!note.SleepFor(1000));
  EXPECT(heddle::os::Nanotime() - start >= 1000);
  int value = 0;
  std::thread waker([&] {
    value = 42;
    note.Wakeup();
  });
  note.Sleep();
  EXPECT(value == 42);
  waker.join();
  EXPECT(heddle::os::NumCpu() >= 1);
}
