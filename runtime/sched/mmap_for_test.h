// A system that gives no memory, on request: mmap of a test's program that
// depends on this goes through here first (linkopts --wrap).

#ifndef RUNTIME_SCHED_MMAP_FOR_TEST_H_
#define RUNTIME_SCHED_MMAP_FOR_TEST_H_

#include <atomic>

namespace heddle::sched {

// While it is true, mmap fails with ENOMEM.
extern std::atomic<bool> mmap_fails;

}  // namespace heddle::sched

#endif  // RUNTIME_SCHED_MMAP_FOR_TEST_H_
