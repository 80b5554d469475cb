// The README's first program.

#include <cstdio>

#include "heddle/heddle.h"

int main() {
  return heddle::Run([] {
    heddle::Mutex mutex;
    heddle::WaitGroup wg;
    int woven = 0;
    for (int i = 0; i < 1000; i++) {
      wg.Go([&] {  // a goroutine; what it captures lies on its own stack
        heddle::Blocking([] { /* read(2), say: others run meanwhile */ });
        mutex.Lock();  // parks the goroutine, not the thread
        woven++;
        mutex.Unlock();
      });
    }
    wg.Wait();
    std::printf("%d goroutines\n", woven);
  });
}
