// See registers_for_test.S.

#ifndef RUNTIME_ARCH_REGISTERS_FOR_TEST_H_
#define RUNTIME_ARCH_REGISTERS_FOR_TEST_H_

#include <cstdint>

extern "C" int HeddleTestRegisters(void (*fn)(void*), void* arg, uint64_t seed);

#endif  // RUNTIME_ARCH_REGISTERS_FOR_TEST_H_
