// What a process has: tests look whether something is left behind.

#ifndef RUNTIME_OS_PROCESS_FOR_TEST_H_
#define RUNTIME_OS_PROCESS_FOR_TEST_H_

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

}  // namespace heddle::os

#endif  // RUNTIME_OS_PROCESS_FOR_TEST_H_
