// What benchmarks/hello.cc is, with oneTBB.

#include <oneapi/tbb/task_group.h>

#include <cstdio>

int main() {
  oneapi::tbb::task_group group;
  group.run([] { std::puts("hello"); });
  group.wait();
}
