// fork(2) without exec: the child has the calling thread alone. What other
// threads were doing stays half done there, and locks that they held stay held.
//
// What the child can have anew is made new by handlers (pthread_atfork), which
// each package registers for what it has of the process's: lists, locks,
// counts. What needs the threads that are gone, as a runtime does, remembers
// the number of forks when it made them, and says so when it is used.

#ifndef RUNTIME_OS_FORK_H_
#define RUNTIME_OS_FORK_H_

#include <cstdint>

namespace heddle::os {

// How many forks lie between the program's beginning and this process.
uint32_t Forks();

// Has `in_child` called in each child, before fork returns there; `before` in
// the parent before it, and `after` after it, if they are not null. `before` of
// who registered last comes first. To be called once for each kind, early.
void AtFork(void (*in_child)(), void (*before)() = nullptr,
            void (*after)() = nullptr);

}  // namespace heddle::os

#endif  // RUNTIME_OS_FORK_H_
