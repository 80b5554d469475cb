// A process that says hello, without any runtime: the limit of hello.cc.

#include <cstdio>

int main() { std::puts("hello"); }
