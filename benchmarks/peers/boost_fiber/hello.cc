// What benchmarks/hello.cc is, with Boost.Fiber.

#include <boost/fiber/fiber.hpp>
#include <cstdio>

int main() {
  boost::fibers::fiber([] { std::puts("hello"); }).join();
}
