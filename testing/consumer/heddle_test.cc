// The umbrella: what a program that uses goroutines includes.

#include "heddle.h"

#include "expect.h"

int main() {
  int sum = 0;
  const int status = heddle::Run(heddle::Options{.procs = 2}, [&] {
    heddle::Mutex mutex;
    heddle::WaitGroup wait_group;
    for (int i = 1; i <= 1000; ++i) {
      wait_group.Go([&, i] {
        const int value = heddle::Blocking([i] { return i; });
        mutex.lock();
        sum += value;
        mutex.unlock();
      });
    }
    wait_group.Wait();
    return 7;
  });
  EXPECT(status == 7);
  EXPECT(sum == 500500);
}
