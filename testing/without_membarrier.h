// For tests of what the runtime does where there is no membarrier(2): in a
// container whose filter of system calls forbids it, on an old kernel.

#ifndef TESTING_WITHOUT_MEMBARRIER_H_
#define TESTING_WITHOUT_MEMBARRIER_H_

#include <string>
#include <vector>

namespace heddle::testing {

// Has the kernel refuse membarrier(2) to the calling thread and those that it
// makes, from now on. False if that cannot be had.
bool ForbidMembarrier();

// Becomes this program anew, with these arguments, by exec(2) in the calling
// process, where membarrier(2) fails with ENOSYS from then on. Does not return:
// exits with 126 if that cannot be had. For the statement of an EXPECT_EXIT.
[[noreturn]] void ExecWithoutMembarrier(std::vector<std::string> arguments);

}  // namespace heddle::testing

#endif  // TESTING_WITHOUT_MEMBARRIER_H_
