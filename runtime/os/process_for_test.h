// What a process has: tests look whether something is left behind.

#ifndef RUNTIME_OS_PROCESS_FOR_TEST_H_
#define RUNTIME_OS_PROCESS_FOR_TEST_H_

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace heddle::os {

// Its mappings: the lines of /proc/self/maps. (Threads: ThreadCount.)
inline int CountMappings() {
  std::ifstream maps("/proc/self/maps");
  int n = 0;
  for (std::string line; std::getline(maps, line);) n++;
  return n;
}

// Bytes of its memory that are in use, page tables not counted.
inline int64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

// Bytes of addresses that it has mapped.
inline int64_t VirtualBytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0;
  statm >> size;
  return size * sysconf(_SC_PAGESIZE);
}

}  // namespace heddle::os

#endif  // RUNTIME_OS_PROCESS_FOR_TEST_H_
