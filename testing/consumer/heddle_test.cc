// The umbrella: what a program that uses goroutines includes.

#include "heddle/heddle.h"

#include <stdexcept>

#include "expect.h"

namespace {

// A mutex, a wait group, and goroutines that block their threads.
int SumUnderMutex(int n) {
  int sum = 0;
  heddle::Mutex mutex;
  heddle::WaitGroup wait_group;
  for (int i = 1; i <= n; ++i) {
    wait_group.Go([&, i] {
      const int value = heddle::Blocking([i] { return i; });
      mutex.lock();
      sum += value;
      mutex.unlock();
    });
  }
  wait_group.Wait();
  return sum;
}

// Two channels and a select: the sender is done when it closes the first.
int SumOverChannel(int n) {
  const heddle::Chan<int> values(4);
  const heddle::Chan<int> never;
  heddle::Go([=] {
    for (int i = 1; i <= n; ++i) values.Send(i);
    values.Close();
  });
  int sum = 0;
  for (bool open = true; open;) {
    int value = 0;
    int ignored = 0;
    EXPECT(heddle::Select(heddle::RecvFrom(values, &value, &open),
                          heddle::RecvFrom(never, &ignored)) == 0);
    sum += value;
  }
  return sum;
}

// An exception that passes a switch of goroutines.
bool Throws() {
  try {
    heddle::Yield();
    throw std::runtime_error("thrown");
  } catch (const std::runtime_error&) {
    heddle::Yield();
    return true;
  }
}

}  // namespace

int main() {
  const int status = heddle::Run(heddle::Options{.procs = 2}, [] {
    EXPECT(SumUnderMutex(1000) == 500500);
    EXPECT(SumOverChannel(1000) == 500500);
    EXPECT(Throws());
    heddle::Sleep(absl::Milliseconds(1));
    return 7;
  });
  EXPECT(status == 7);
}
